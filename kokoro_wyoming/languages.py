"""The languages that can be spoken: tags, letters, English names and other spellings.

Nine are Kokoro's own. Releases that others trained bring more (`learn`), which take no spelling of the nine
but their own code. Home Assistant stores the tags in saved pipelines, so they never change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    tag: str
    """BCP 47 tag as advertised, such as "en-US"."""
    letter: str
    """Kokoro's language code, the first letter of its voices' names."""
    name: str
    """English name, for people."""
    aliases: tuple[str, ...]
    """Other spellings that clients send, in lower case with hyphens."""


_LANGUAGES = (
    Language("en-US", "a", "American English", ("en", "eng", "english", "american", "en-ca", "en-ph")),
    Language("en-GB", "b", "British English", ("british", "en-uk", "uk", "en-au", "en-nz", "en-ie", "en-in", "en-za")),
    Language("es-ES", "e", "Spanish", ("es", "spa", "spanish", "español")),
    Language("fr-FR", "f", "French", ("fr", "fra", "fre", "french", "français")),
    Language("hi-IN", "h", "Hindi", ("hi", "hin", "hindi")),
    Language("it-IT", "i", "Italian", ("it", "ita", "italian", "italiano")),
    Language("ja-JP", "j", "Japanese", ("ja", "jp", "jpn", "japanese")),
    Language("pt-BR", "p", "Brazilian Portuguese", ("pt", "por", "portuguese", "português")),
    Language("zh-CN", "z", "Mandarin Chinese", ("zh", "cn", "cmn", "zho", "chi", "chinese", "mandarin")),
)

TAGS = tuple(language.tag for language in _LANGUAGES)
"""The advertised tags of Kokoro's own languages, in Kokoro's order."""

_OWN_BY_TAG = {language.tag: language for language in _LANGUAGES}
_OWN_BY_SPELLING = {
    spelling: language.tag
    for language in _LANGUAGES
    for spelling in (language.tag.lower(), language.letter, *language.aliases)
}
OTHERS_CODES = frozenset({"uk"})
"""Spellings above that are the code of another language, which has them where a release speaks it: Ukrainian."""
_by_tag, _by_spelling = _OWN_BY_TAG, _OWN_BY_SPELLING
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def learn(languages: Iterable[Language]) -> None:
    """Know these languages besides Kokoro's own, and no others; their letters mean something in their release alone."""
    global _by_tag, _by_spelling
    by_tag, by_spelling = dict(_OWN_BY_TAG), dict(_OWN_BY_SPELLING)
    for language in languages:
        by_tag.setdefault(language.tag, language)
        primary = language.tag.partition("-")[0]
        for spelling in (language.tag.lower(), primary, language.name.lower(), *language.aliases):
            by_spelling.setdefault(spelling, language.tag)
        if primary in OTHERS_CODES:
            by_spelling[primary] = language.tag
    # Replaced and never emptied, as other threads read them.
    _by_tag, _by_spelling = by_tag, by_spelling


def tags() -> tuple[str, ...]:
    """The tags of all languages that are known: Kokoro's own first."""
    return tuple(_by_tag)


def is_tag(text: str) -> bool:
    """Whether a text is a tag as it is advertised, such as "de-DE"."""
    return _TAG.fullmatch(text) is not None


def name_in_english(tag: str) -> str:
    """English name of any language by its tag: "German", "European Portuguese"; the tag where it is not known."""
    from babel import Locale, UnknownLocaleError

    if tag in _OWN_BY_TAG:
        return _OWN_BY_TAG[tag].name
    try:
        names = Locale("en").languages
        return str(names.get(tag.replace("-", "_")) or Locale.parse(tag, sep="-").get_language_name("en") or tag)
    except (UnknownLocaleError, ValueError):
        return tag


def match_language(spelling: str) -> str | None:
    """The advertised tag for a spelling ("en_us", "es-MX", "zh-Hans", "ja", "b"), or None."""
    return _matched(spelling, _by_spelling)


def match_own_language(spelling: str) -> str | None:
    """The same among Kokoro's own languages, whatever others there are: "pt-PT" is always "pt-BR"."""
    return _matched(spelling, _OWN_BY_SPELLING)


def _matched(spelling: str, by_spelling: Mapping[str, str]) -> str | None:
    wanted = spelling.strip().lower().replace("_", "-")
    exact = by_spelling.get(wanted)
    if exact is not None:
        return exact
    parts = wanted.split("-")
    # A single letter is Kokoro's code and has no region: "a-x" is not English.
    if len(parts[0]) < 2 or not all(part.isalnum() for part in parts[1:]):
        return None
    if parts[0] in OTHERS_CODES and by_spelling.get(parts[0]) == _OWN_BY_SPELLING[parts[0]]:
        return None  # "uk-UA" is not British
    shorter = ("-".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((by_spelling[each] for each in shorter if each in by_spelling), None)


def kokoro_letter(tag: str) -> str:
    """Kokoro's language code of an advertised tag; KeyError for any other."""
    return _by_tag[tag].letter


def tag_of_letter(letter: str) -> str | None:
    """The advertised tag of Kokoro's language code, or None."""
    return _OWN_BY_SPELLING.get(letter) if len(letter) == 1 else None


def extra_of(tag: str) -> str:
    """The package's extra with what an advertised tag needs besides all others: "en" of "en-GB"."""
    return tag.partition("-")[0]


def language_name(tag: str) -> str:
    """English name of an advertised tag; KeyError for any other."""
    return _by_tag[tag].name
