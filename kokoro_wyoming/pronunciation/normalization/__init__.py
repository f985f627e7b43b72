"""What a person would say for numbers, dates, times, money, units and signs, in the nine languages. Pure.

Only what the G2P of a language reads wrongly is put into words; plain numbers that it reads well stay digits.
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.text.marks import BEGIN, CLOSE, OPEN, SAID

if TYPE_CHECKING:
    from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer

_READERS = {
    "en-US": ("english", "AmericanEnglish"),
    "en-GB": ("english", "BritishEnglish"),
    "es-ES": ("spanish", "Spanish"),
    "fr-FR": ("french", "French"),
    "hi-IN": ("hindi", "Hindi"),
    "it-IT": ("italian", "Italian"),
    "ja-JP": ("japanese", "Japanese"),
    "pt-BR": ("portuguese", "Portuguese"),
    "zh-CN": ("chinese", "Chinese"),
}
_MARKED = re.compile(
    rf"{OPEN}[^{CLOSE}]*{CLOSE} | {BEGIN}(?P<words>[^{SAID}{CLOSE}]*){SAID}(?P<manner>[^{CLOSE}]*){CLOSE}", re.VERBOSE
)
_LANGUAGE = "language "


def as_words(text: str, language: str) -> str:
    """The text as it would be read aloud, in words that the G2P of the advertised tag `language` knows.

    Marks stay as they are. Words inside a span of another language are put into that language's; those with phonemes
    of their own are left alone. Text in a language without rules comes back unchanged. Never raises.
    """
    if language not in _READERS:
        return text
    said, end = [], 0
    for mark in _MARKED.finditer(text):
        said += [_plain(text[end : mark.start()], language), _marked(mark)]
        end = mark.end()
    return "".join((*said, _plain(text[end:], language)))


def warm(language: str) -> None:
    """Load now what the first `as_words` in this language would load: some 100 ms."""
    for text in ("-21.5 °C, 1/2, 3.50 €, 2026-11-22 14:30, 12 µg/m³", "1"):
        as_words(text, language)


def _marked(mark: re.Match[str]) -> str:
    words, manner = mark["words"], mark["manner"]
    if not words or not manner.startswith(_LANGUAGE) or manner[len(_LANGUAGE) :] not in TAGS:
        return mark[0]
    return f"{BEGIN}{_plain(words, manner[len(_LANGUAGE) :])}{SAID}{manner}{CLOSE}"


def _plain(text: str, language: str) -> str:
    return _reader(language).read(text) if text else text


@lru_cache(len(TAGS))
def _reader(language: str) -> Normalizer:
    module, name = _READERS[language]
    reader: Normalizer = getattr(importlib.import_module(f"{__name__}.{module}"), name)()
    return reader
