"""Chinese text to phonemes, by misaki's; jieba and pypinyin, which it uses, in a fifth of their memory: 80 MB less."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from kokoro_wyoming.builds.v1_0.polyphones import HAN, Bond, reading_at, readings
from kokoro_wyoming.builds.v1_0.word_table import WordTable

_HAN_RUN = re.compile(f"[{HAN}]+")
_ALTERNATIVE = "\u032f"
"""A mark of misaki's transcription that Kokoro does not know."""


@cache
def load_in_tables() -> None:
    """Import both, once, so that they look their words up in tables."""
    _load_jieba()
    _load_pypinyin()


class ChineseG2P:
    """misaki's G2P of Kokoro v1.0, but that a character with more readings is read by what stands around it."""

    def __init__(self) -> None:
        readings()  # takes 50 ms the first time

    def __call__(self, text: str) -> tuple[str, None]:
        """The phonemes of a text; what is not Chinese in it stays. In place of misaki's tokens there is None."""
        from cn2an import transform
        from misaki.zh import ZHG2P

        spoken = ZHG2P.map_punctuation(transform(text, "an2cn"))
        return _HAN_RUN.sub(lambda found: " ".join(_words(found[0])), spoken).replace(_ALTERNATIVE, ""), None


def words_between_blanks(text: str) -> list[str]:
    """The words of a text between which `ChineseG2P` puts blanks."""
    import jieba
    from cn2an import transform

    return [word for found in _HAN_RUN.findall(transform(text, "an2cn")) for word in jieba.lcut(found)]


def _words(segment: str) -> Iterator[str]:
    """The phonemes of each word; `segment` has Chinese characters only."""
    import jieba
    from misaki.zh import ZHG2P

    at = 0
    for word in jieba.lcut(segment):
        yield "".join(map(ZHG2P.py2ipa, _pinyin(word, segment, at)))
        at += len(word)


def _pinyin(word: str, segment: str, at: int) -> Iterator[str]:
    """The reading of each character of the word at `at`, as "tiao2"."""
    from pypinyin import Style, lazy_pinyin

    usual = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
    if readings().keys().isdisjoint(word):
        yield from usual
        return
    for place, (pinyin, bond) in enumerate(zip(usual, _bonds(word), strict=True), at):
        yield reading_at(place, segment, bond) or pinyin


def _bonds(word: str) -> Iterator[Bond]:
    """What each character of a word is a part of."""
    import jieba
    from pypinyin.seg import mmseg

    if len(word) == 1:
        yield Bond.NONE
        return
    loose = Bond.WORD if jieba.dt.FREQ.get(word) else Bond.NONE
    for phrase in mmseg.seg.cut(word):
        yield from [Bond.PHRASE if len(phrase) > 1 else loose] * len(phrase)


class Frequencies(Mapping[str, int]):
    """How often each word is written; a part that a word begins with has 0, as jieba has it."""

    def __init__(self, path: Path) -> None:
        """Each line of the file has a word, its frequency and its part of speech, separated by blanks, in UTF-8."""
        self.total = 0
        """The sum of all frequencies."""
        self._table = WordTable(self._counts(path))

    def _counts(self, path: Path) -> Iterator[tuple[str, str]]:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                word, count, _ = line.split(" ")
                self.total += int(count)
                yield word, count

    def __getitem__(self, word: str) -> int:
        count = self._table.get(word)
        if count is None and not self._table.has_prefix(word):
            raise KeyError(word)
        return int(count or 0)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._table.has_prefix(word)

    def __iter__(self) -> Iterator[str]:
        yield from {word[:end] for word in self._table for end in range(1, len(word) + 1)}

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Phrases(Mapping[str, list[list[str]]]):
    """The readings of each phrase's characters."""

    def __init__(self, phrases: Mapping[str, list[list[str]]]) -> None:
        readings = ((phrase, " ".join(",".join(each) for each in read)) for phrase, read in phrases.items())
        self._table = WordTable(readings)

    def __getitem__(self, phrase: str) -> list[list[str]]:
        return [each.split(",") for each in self._table[phrase].split(" ")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


class Characters(Mapping[int, str]):
    """The readings of each character, by its number in Unicode."""

    def __init__(self, readings: Mapping[int, str]) -> None:
        self._table = WordTable((str(code), read) for code, read in readings.items())

    def __getitem__(self, code: int) -> str:
        return self._table[str(code)]

    def __iter__(self) -> Iterator[int]:
        return map(int, self._table)

    def __len__(self) -> int:
        return len(self._table)


class _Beginnings:
    """pypinyin's set of everything that a phrase begins with."""

    def __init__(self, phrases: Phrases) -> None:
        self._table = phrases._table

    def __contains__(self, beginning: str) -> bool:
        return self._table.has_prefix(beginning)


def _load_jieba() -> None:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    frequencies = Frequencies(Path(jieba.__file__).with_name(jieba.DEFAULT_DICT_NAME))
    jieba.dt.FREQ, jieba.dt.total, jieba.dt.initialized = frequencies, frequencies.total, True


def _load_pypinyin() -> None:
    """Import pypinyin with tables where it has 47,000 lists of phrases' readings, and 42,000 readings of characters."""
    if "pypinyin" in sys.modules:  # another program in this process did, and uses its dictionary
        return
    phrases = Phrases(_dictionary_of_pypinyin("phrases_dict"))
    _stand_in("phrases_dict", phrases)
    _stand_in("pinyin_dict", Characters(_dictionary_of_pypinyin("pinyin_dict")))
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    from pypinyin.seg import mmseg

    vars(mmseg.p_set).update(_set=_Beginnings(phrases))


def _stand_in(name: str, dictionary: Mapping[Any, Any]) -> None:
    """Have pypinyin import this dictionary, where it has a module of that name with its own one."""
    module = sys.modules[f"pypinyin.{name}"] = ModuleType(f"pypinyin.{name}")
    vars(module).update({name: dictionary})


def _dictionary_of_pypinyin(name: str) -> dict[Any, Any]:
    """The dictionary in the module of that name, without the package."""
    package = importlib.util.find_spec("pypinyin")
    path = Path(str(package and package.origin)).with_name(f"{name}.py")
    loader = SourceFileLoader(f"pypinyin.{name}", str(path))
    module = importlib.util.module_from_spec(ModuleSpec(loader.name, loader, origin=loader.path))
    module.__file__ = loader.path
    loader.exec_module(module)
    dictionary: dict[Any, Any] = getattr(module, name)
    return dictionary
