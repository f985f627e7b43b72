"""G2Ps of libraries: espeak-ng by `phonemizer`, and misaki's."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Union

from kokoro_wyoming.audio.word_times import SpokenWord
from kokoro_wyoming.builds import espeak
from kokoro_wyoming.builds.named_g2p.alignment import aligned
from kokoro_wyoming.builds.named_g2p.bopomofo import BopomofoPipeline
from kokoro_wyoming.builds.named_g2p.interface import NamedG2P, SymbolMap
from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.errors import UnknownLanguageError, first_line
from kokoro_wyoming.network import torch_package
from kokoro_wyoming.network.kokoro_package import KPipeline
from kokoro_wyoming.pronunciation.phonemes import Phonemes

Pipeline = Union[KPipeline, "MisakiPipeline", BopomofoPipeline]

_MORE_CLASSES = {"ko": ("misaki.ko", "KOG2P"), "vi": ("misaki.vi", "VIG2P"), "he": ("misaki.he", "HEG2P")}
"""misaki's classes that no release of ours uses, with their modules. Their packages are the owner's to install."""


class MisakiPipeline:
    """A G2P of misaki beside those of Kokoro v1.0, in the shape of theirs."""

    def __init__(self, name: str, call: Callable[[str], Any]) -> None:
        self.lang_code = name
        self._call = call

    def g2p(self, text: str) -> tuple[str, None]:
        """The phonemes; some classes give a pair and some a string."""
        made = self._call(text)
        return str((made[0] if isinstance(made, tuple) else made) or ""), None


class Library(NamedG2P):
    """A pipeline of `builds.v1_0.g2p`, or one like it, with a map of symbols."""

    def __init__(self, pipeline: Pipeline, symbols: Mapping[str, str]) -> None:
        self._pipeline = pipeline
        self._map = SymbolMap(symbols)

    def pieces(self, text: str) -> Iterator[Phonemes]:
        for piece in g2p.phonemize(self._pipeline, text):
            yield replace(piece, phonemes=self._map(piece.phonemes)) if self._map else piece

    def words_of(self, piece: Phonemes) -> list[SpokenWord]:
        if not self._map:
            return _words_of(self._pipeline, piece)
        made = "".join(part.phonemes for part in g2p.phonemize(self._pipeline, piece.graphemes))
        if self._map(made) != piece.phonemes:  # it was put together of parts
            return super().words_of(piece)
        words = _words_of(self._pipeline, replace(piece, phonemes=made))
        return [self._mapped(word, made) for word in words]

    def close(self) -> None:
        """Nothing was started."""

    def _mapped(self, word: SpokenWord, made: str) -> SpokenWord:
        first = len(self._map(made[: word.first]))
        return SpokenWord(word.text, first, len(self._map(made[: word.first + word.count])) - first)


def _words_of(pipeline: Pipeline, piece: Phonemes) -> list[SpokenWord]:
    if isinstance(pipeline, BopomofoPipeline):
        return pipeline.words_of(piece)
    told = g2p.words_of(pipeline, piece)
    if not isinstance(pipeline, MisakiPipeline):
        return told

    def alone(word: str) -> str:
        return pipeline.g2p(word)[0]

    return [one for word in told for one in aligned(word, piece.phonemes, alone)]


@cache
def espeak_languages() -> dict[str, str]:
    """The languages of espeak-ng as it spells them, by their names in lower case. UnknownLanguageError without it."""
    with espeak.loading("The list of languages"):
        from phonemizer.backend import EspeakBackend

        return {str(name).lower(): str(name) for name in sorted(EspeakBackend.supported_languages())}


def espeak_pipeline(wanted: str, language: str) -> Pipeline:
    """A G2P of espeak-ng's language `wanted`. UnknownLanguageError where it is not there."""
    fault = g2p.missing_part("e")
    if fault is not None:
        raise UnknownLanguageError(f"{language} cannot be spoken: {fault}.")
    known = espeak_languages()
    if wanted.lower() not in known:
        family = wanted.lower().partition("-")[0]
        there = ", ".join([one for one in known if one.partition("-")[0] == family] or known)
        raise UnknownLanguageError(
            f"{language} cannot be spoken: espeak-ng has no language {wanted[:40]!r}; it has {there}."
        )
    pipeline = _espeak_pipeline(known[wanted.lower()])
    if not pipeline.g2p("a")[0].strip():
        raise UnknownLanguageError(f"{language} cannot be spoken: the espeak-ng here has no dictionary of {wanted}.")
    return pipeline


def _espeak_pipeline(name: str) -> MisakiPipeline:
    from misaki.espeak import EspeakG2P
    from phonemizer.backend import EspeakBackend

    # It warns whenever espeak says two words as one, or one in another language.
    quiet = logging.getLogger(f"{__name__}.espeak")
    quiet.setLevel(logging.ERROR)
    with espeak.loading(f"espeak's {name}"):
        made = EspeakG2P(language=name)
        made.backend = EspeakBackend(
            name, preserve_punctuation=True, with_stress=True, tie="^", language_switch="remove-flags", logger=quiet
        )
    return MisakiPipeline(f"espeak:{name}", made)


def misaki_pipeline(name: str, language: str) -> Pipeline:
    """A G2P of misaki by its class, and by a version behind a colon. UnknownLanguageError where it is not there."""
    one, _, version = name.partition(":")
    make = {"en": _english, "ja": _japanese, "zh": _chinese, "espeak": _espeak}.get(one)
    if make is not None and (not version or (one, version) == ("zh", "1.1")):
        return make(language, version)
    if one in _MORE_CLASSES and not version:
        return _other(one, language)
    raise UnknownLanguageError(
        f"{language} cannot be spoken: misaki has no G2P {name[:40]!r}; write one of "
        f"en, ja, zh, zh:1.1, espeak, {', '.join(_MORE_CLASSES)}."
    )


def _english(language: str, _: str) -> Pipeline:
    return g2p.make_quiet_pipeline("b" if language.lower().replace("_", "-").startswith("en-gb") else "a")


def _japanese(_: str, __: str) -> Pipeline:
    return g2p.make_quiet_pipeline("j")


def _chinese(language: str, version: str) -> Pipeline:
    return BopomofoPipeline(language) if version else g2p.make_quiet_pipeline("z")


def _espeak(language: str, _: str) -> Pipeline:
    known = espeak_languages()
    tag = language.lower().replace("_", "-")
    found = known.get(tag) or known.get(tag.partition("-")[0])
    if found is None:
        raise UnknownLanguageError(f"{language} cannot be spoken: espeak-ng does not know it; write espeak:LANGUAGE.")
    return _espeak_pipeline(found)


def _other(name: str, language: str) -> Pipeline:
    return MisakiPipeline(name, _loaded(*_MORE_CLASSES[name], language))


def _loaded(module: str, made: str, language: str) -> Callable[[str], Any]:
    torch_package.complete()  # the library's own packages may use any part of it
    try:
        return getattr(importlib.import_module(module), made)()
    except ImportError as error:
        raise UnknownLanguageError(
            f"{language} cannot be spoken: misaki's {made} needs a package that is not here ({first_line(error)})."
        ) from error
