"""The nine languages of Kokoro: tags, Kokoro's letters, English names and other spellings.

Home Assistant stores the tags in saved pipelines, so they never change.
"""

from __future__ import annotations

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
"""The advertised tags, in Kokoro's order."""

_BY_TAG = {language.tag: language for language in _LANGUAGES}
_BY_SPELLING = {
    spelling: language.tag
    for language in _LANGUAGES
    for spelling in (language.tag.lower(), language.letter, *language.aliases)
}


def match_language(spelling: str) -> str | None:
    """The advertised tag for a spelling ("en_us", "es-MX", "zh-Hans", "ja", "b"), or None."""
    wanted = spelling.strip().lower().replace("_", "-")
    exact = _BY_SPELLING.get(wanted)
    if exact is not None:
        return exact
    primary, *regions = wanted.split("-")
    # A single letter is Kokoro's code and has no region: "a-x" is not English.
    is_tag = len(primary) > 1 and regions and all(part.isalnum() for part in regions)
    return _BY_SPELLING.get(primary) if is_tag else None


def kokoro_letter(tag: str) -> str:
    """Kokoro's language code of an advertised tag; KeyError for any other."""
    return _BY_TAG[tag].letter


def tag_of_letter(letter: str) -> str | None:
    """The advertised tag of Kokoro's language code, or None."""
    return _BY_SPELLING.get(letter) if len(letter) == 1 else None


def extra_of(tag: str) -> str:
    """The package's extra with what an advertised tag needs besides all others: "en" of "en-GB"."""
    return tag.partition("-")[0]


def language_name(tag: str) -> str:
    """English name of an advertised tag; KeyError for any other."""
    return _BY_TAG[tag].name
