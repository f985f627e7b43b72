"""The Chinese G2P of Kokoro v1.1: misaki's, whose phonemes are bopomofo and whose words have slashes between them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from kokoro_wyoming.audio.word_times import SpokenWord, paired
from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.builds.v1_0.chinese import load_in_tables
from kokoro_wyoming.errors import UnknownLanguageError, first_line
from kokoro_wyoming.pronunciation.phonemes import Phonemes

_OF_ITS_OWN = ("pypinyin", "pypinyin_dict", "misaki.zh_frontend", "misaki.tone_sandhi")


class BopomofoPipeline:
    """misaki's Chinese of Kokoro v1.1, in bopomofo with a slash between words; Latin words as misaki's English."""

    lang_code = "zh:1.1"

    def __init__(self, language: str) -> None:
        fault = g2p.missing_part("z")
        if fault is not None:
            raise UnknownLanguageError(f"{language} cannot be spoken: {fault}.")
        self._call = self._made(language)
        self._frontend = self._call.frontend
        self._call.frontend = self._segment
        self._words = list[str]()

    def g2p(self, text: str) -> tuple[str, None]:
        """The phonemes."""
        self._words = []
        return str(self._call(text)[0]), None

    def words_of(self, piece: Phonemes) -> list[SpokenWord]:
        """The words as jieba parts them; where that is unclear, each clause."""
        self.g2p(piece.graphemes)
        return paired(piece.graphemes, piece.phonemes.replace("/", " "), self._words)

    def _made(self, language: str) -> Any:
        load_in_tables()  # or jieba would print, and keep its words in a file that anybody may write
        try:
            with _another_pypinyin():
                from misaki.zh import ZHG2P

                return ZHG2P(version="1.1", unk="", en_callable=self._english)
        except ImportError as error:
            raise UnknownLanguageError(
                f"{language} cannot be spoken: misaki's zh:1.1 needs the package pypinyin-dict ({first_line(error)})."
            ) from error

    def _segment(self, text: str) -> tuple[str, Any]:
        phonemes, tokens = self._frontend(text)
        self._words += (token.text for token in tokens if any(map(str.isalnum, token.phonemes or "")))
        return phonemes, tokens

    def _english(self, text: str) -> str:
        self._words += text.split()
        return "".join(piece.phonemes for piece in g2p.phonemize(_english(), text))


@cache
def _english() -> Any:
    return g2p.make_quiet_pipeline("a" if g2p.missing_part("a") is None else "e")


@contextlib.contextmanager
def _another_pypinyin() -> Iterator[None]:
    """What is imported has a pypinyin of its own, as it adds to the dictionary: v1.0 would read otherwise."""
    before = _taken_out()
    try:
        yield
    finally:
        _taken_out()
        sys.modules.update(before)


def _taken_out() -> dict[str, Any]:
    names = [name for name in sys.modules if name in _OF_ITS_OWN or name.startswith(("pypinyin.", "pypinyin_dict."))]
    return {name: sys.modules.pop(name) for name in names}
