"""Puts numbers, dates, times, money, units and signs into the words of nine languages. Pure.

Plain numbers that the G2P of a language reads well stay digits.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import TYPE_CHECKING

from kokoro_wyoming.languages import TAGS

if TYPE_CHECKING:
    from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer

_NORMALIZERS = {
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


def as_words(text: str, language: str, region: str | None = None) -> str:
    """The text as it would be read aloud, in words that the G2P of the advertised tag `language` knows.

    `region` is as for `normalizer_of`. Text in a language without rules comes back unchanged. Never raises.
    """
    normalizer = normalizer_of(language, region)
    return normalizer.normalize(text) if normalizer else text


def normalizer_of(language: str, region: str | None = None) -> Normalizer | None:
    """The normalizer of the advertised tag `language`; None for a language without rules.

    `region` is where the house stands, one of `regions.known_regions`; None is where the language's voices come from.
    """
    return _normalizer(language, region) if language in _NORMALIZERS else None


@lru_cache(2 * len(TAGS))
def _normalizer(language: str, region: str | None) -> Normalizer:
    module, name = _NORMALIZERS[language]
    normalizer: Normalizer = getattr(importlib.import_module(f"{__name__}.{module}"), name)(region)
    return normalizer
