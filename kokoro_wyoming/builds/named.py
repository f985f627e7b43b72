"""The G2P that a release names for a language: `espeak:LANGUAGE`, or misaki's `misaki:en`, `misaki:ja`, `misaki:zh`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from kokoro_wyoming.audio.word_times import SpokenWord
from kokoro_wyoming.builds import espeak
from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.pronunciation.phonemes import Phonemes

_AS_MADE: Mapping[str, str] = MappingProxyType({})
_LETTERS = {"en": "a", "ja": "j", "zh": "z"}


class NamedG2P:
    """Phonemes of one language; it belongs on the model thread, but for its making."""

    def __init__(self, pipeline: Any, symbols: Mapping[str, str]) -> None:
        """`symbols` are replaced in what the pipeline makes, the longest first."""
        self._pipeline = pipeline
        self._symbols = sorted(symbols.items(), key=lambda pair: -len(pair[0]))

    def pieces(self, text: str) -> Iterator[Phonemes]:
        """Every phoneme of a text, once and in order, in pieces that a network can speak; the text is in words."""
        for piece in g2p.phonemize(self._pipeline, text):
            phonemes = piece.phonemes
            for old, new in self._symbols:
                phonemes = phonemes.replace(old, new)
            yield replace(piece, phonemes=phonemes)

    def words_of(self, piece: Phonemes) -> list[SpokenWord]:
        """Where each word of a piece is among its phonemes; where that is unclear, each clause."""
        return g2p.words_of(self._pipeline, piece)

    def close(self) -> None:
        """End what was started."""


def g2p_named(name: str, language: str, *, symbols: Mapping[str, str] = _AS_MADE) -> NamedG2P:
    """The G2P of that name for a language's tag. UnknownLanguageError where it is not there."""
    reason = missing_part(name)
    if reason is not None:
        raise UnknownLanguageError(f"{language} cannot be spoken: {reason}.")
    kind, _, rest = name.partition(":")
    if kind == "espeak":
        return NamedG2P(g2p.ForeignPipeline(rest), symbols)
    british = rest == "en" and language == "en-GB"
    return NamedG2P(g2p.make_quiet_pipeline("b" if british else _LETTERS[rest]), symbols)


def missing_part(name: str) -> str | None:
    """Why a G2P cannot be had here, with the remedy; None when it can."""
    kind, _, rest = name.partition(":")
    if kind == "espeak":
        fault = g2p.missing_part("e")
        return fault or (None if rest in _espeak_languages() else f"espeak has no language {rest[:40]!r}")
    if kind == "misaki" and rest in _LETTERS:
        return g2p.missing_part(_LETTERS[rest])
    return f"there is no G2P {name[:60]!r} here"


@cache
def _espeak_languages() -> frozenset[str]:
    from phonemizer.backend import EspeakBackend

    with espeak.loading("English"):
        return frozenset(EspeakBackend.supported_languages())
