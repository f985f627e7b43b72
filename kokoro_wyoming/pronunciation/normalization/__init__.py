"""Puts numbers, dates, times, money, units and signs into the words of nine languages, and of others by CLDR. Pure.

Plain numbers that the G2P of a language reads well stay digits.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import TYPE_CHECKING

from kokoro_wyoming.languages import TAGS, match_own_language

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
    # Languages of releases that a file describes; one without a region is for all regions without a row.
    "de": ("german", "German"),
    "nl": ("dutch", "Dutch"),
    "pl": ("polish", "Polish"),
    "pt-PT": ("european_portuguese", "EuropeanPortuguese"),
    "sv": ("swedish", "Swedish"),
}
_OTHERS_KEPT = 16
"""How many languages beside those of `TAGS` are kept ready."""


def as_words(text: str, language: str, region: str | None = None) -> str:
    """The text as it would be read aloud, in words that the G2P of `language` knows.

    `language` is a tag of BCP 47, and `region` is as for `normalizer_of`. Text in a language that neither this program
    nor CLDR knows comes back unchanged. Never raises.
    """
    normalizer = normalizer_of(language, region)
    return normalizer.normalize(text) if normalizer else text


def normalizer_of(language: str, region: str | None = None) -> Normalizer | None:
    """The normalizer of a tag of BCP 47; None for a language without rules that CLDR does not know.

    `region` is where the house stands, one of `regions.known_regions`; None is where the language's voices come from.
    """
    return _normalizer(language, region)


@lru_cache(2 * (len(TAGS) + _OTHERS_KEPT))
def _normalizer(language: str, region: str | None) -> Normalizer | None:
    module, name = _rules_of(language)
    if module:
        there = region or (None if language in _NORMALIZERS else _region_in(language))
        normalizer: Normalizer = getattr(importlib.import_module(f"{__name__}.{module}"), name)(there)
        return normalizer
    from kokoro_wyoming.pronunciation.normalization import cldr

    locale = cldr.locale_of(language)
    return cldr.CldrNormalizer(region, locale) if locale else None


def _rules_of(language: str) -> tuple[str, str]:
    """The module and the class of a language; two empty strings where it has none."""
    primary = language.partition("-")[0]
    own = _NORMALIZERS.get(language) or _NORMALIZERS.get(primary)
    if own is not None:
        return own
    # Not all that it knows is a tag: to it "uk" is the United Kingdom.
    like = match_own_language(language) or ""
    return _NORMALIZERS[like] if len(primary) > 1 and like.startswith(f"{primary.lower()}-") else ("", "")


def _region_in(tag: str) -> str | None:
    """The region that a tag names, as two capitals: MX of "es-MX"."""
    return next((part.upper() for part in tag.split("-")[1:] if len(part) == 2 and part.isalpha()), None)
