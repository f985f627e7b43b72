"""Turns IPA as people write it into the symbols that each release learned. Pure.

Sources of fact: misaki's tables from espeak-ng (diphthongs and affricates are one letter, American has no long vowels
and a flap of its own), the vocabulary of `builds/v1_0/config.json`, and v0.19's, which is espeak's IPA itself.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Container

_LOGGER = logging.getLogger(__name__)

_TIES = "\u0361\u035c\u203f^"
_NASAL, _SYLLABIC, _NON_SYLLABIC = "\u0303", "\u0329", "\u032f"

_SPELLINGS = str.maketrans(
    {
        "'": "ˈ",
        "’": "ˈ",
        "ʹ": "ˈ",
        "`": "ˈ",
        ":": "ː",
        "ˑ": "ː",
        "g": "ɡ",
        "ɫ": "l",
        "ɩ": "ɪ",
        "ɷ": "ʊ",
        "ƞ": "n",
        "ɼ": "r",
        "ʦ": "t͡s",
        "ʣ": "d͡z",
        "ʧ": "t͡ʃ",
        "ʤ": "d͡ʒ",
        "ʨ": "t͡ɕ",
        "ʥ": "d͡ʑ",
    }
)
"""Other spellings of a sound, and letters that stand for two."""

_BORDER = "."
"""Between two syllables, such as "hˈɑt.ʃˌɑt": letters beside it stay two sounds. It would be heard as a pause."""
_UNSPOKEN = str.maketrans(dict.fromkeys("/[]|‖-\u200d\u200c\ufeff", ""))
"""Borders of feet, and brackets of transcriptions."""

_AFFRICATES = {
    "t͡ʃ": "ʧ",
    "d͡ʒ": "ʤ",
    "t͡ɕ": "ʨ",
    "d͡ʑ": "ʥ",
    "t͡s": "ʦ",
    "d͡z": "ʣ",
    # Without a tie too, as two letters hardly ever mean two sounds here; "ts" does, at the end of "cats".
    "tʃ": "ʧ",
    "dʒ": "ʤ",
    "tɕ": "ʨ",
    "dʑ": "ʥ",
}
_DIPHTHONGS = {"eɪ": "A", "aɪ": "I", "ɑɪ": "I", "oʊ": "O", "əʊ": "Q", "aʊ": "W", "ɑʊ": "W", "ɔɪ": "Y", "ɒɪ": "Y"}
_STAY_TWO = {"fr-FR": ("tʃ", "dʒ"), "it-IT": ("aʊ",)}
"""What is two symbols in all that a language's voices learned."""
_OWN_SPELLINGS = {"hi-IN": {"ɽ": "r."}}
"""Sounds that the G2P of a language, and so its voices, spell in their own way."""
_PAIRS = [pair for pair in _AFFRICATES | _DIPHTHONGS if len(pair) == 2]
_TONES = {"˧˩˧": "↓", "˨˩˦": "↓", "˧˥": "↗", "˥˩": "↘", "˥˥": "→", "˥": "→"}

_NEAREST = str.maketrans(
    {
        **dict(zip("ɬɭʟɮ", "llll", strict=True)),
        **dict(zip("ɦħʜ", "hhh", strict=True)),
        **dict(zip("ʑʐ", "ʒʒ", strict=True)),
        **dict(zip("ɓɗɠʛɢʙ", "bdɡɡɡb", strict=True)),
        **dict(zip("ɘɞɵʉʏɶ", "əɜøuyœ", strict=True)),
        "ɱ": "m",
        "ʍ": "w",
        "ʄ": "ɟ",
        "ɧ": "ʃ",
        "ɺ": "ɾ",
        "ʕ": "ʔ",
        "ʷ": "w",
        "ʀ": "ʁ",
    }
)
"""Sounds that no voice learned, with the nearest one that it did."""

_NEAREST_TO_G2P = {**_NEAREST, **str.maketrans({"\n": " ", "«": "(", "»": ")", "[": "(", "]": ")"})}
_NO_LOSS = frozenset("-¿¡")
"""Signs that may be lost without a log line: a hyphen, and Spanish signs that the sentence's end repeats."""

_AMERICAN = {
    **dict.fromkeys(("ɝ", "ɜɹ", "ɜːɹ", "ɜr", "ɜːr", "ɜ"), "ɜɹ"),
    "ɚ": "əɹ",
    "ɒ": "ɑ",
    "ɾ": "T",
    "ʔ": "t",
    "ː": "",
    "r": "ɹ",
    "o": "ɔ",
}
_BRITISH = {"ɝ": "ɜː", "ɚ": "ə", "ʔ": "t", "r": "ɹ", "o": "ɔ"}
_ENGLISH = {"en-US": _AMERICAN | {"e": "ɛ", "a": "æ"}, "en-GB": _BRITISH | {"e": "ɛ"}}
"""English has its own symbols for sounds that other languages write with these."""

_ESPEAK = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "T": "ɾ", "ᵊ": "ə", "r": "ɹ", "t͡s": "ts"}
_ESPEAK_AFFRICATES = {"t͡ʃ": "tʃ", "d͡ʒ": "dʒ", "t͡ɕ": "tʃ", "d͡ʑ": "dʒ", "d͡z": "dz"}


def kokoro_symbols(written: str, language: str, vocabulary: Container[str]) -> str:
    """The symbols for v1.0, all from its vocabulary; empty when it knows none of them. `language` is a tag."""
    own = _OWN_SPELLINGS.get(language, {})
    written = _replaced(written, {spelling: sound for sound, spelling in own.items()})
    joined = _AFFRICATES | _DIPHTHONGS | _TONES
    two = _STAY_TWO.get(language, ())
    sounds = _replaced(_clean(written), {pair: one for pair, one in joined.items() if pair not in two})
    sounds = sounds.replace(_BORDER, "").translate(_NEAREST)
    return _known(_replaced(sounds, _ENGLISH.get(language, {}) | own), vocabulary)


def espeak_symbols(written: str, vocabulary: Container[str]) -> str:
    """The same for v0.19, which learned espeak's English."""
    sounds = _replaced(_clean(written), _ESPEAK_AFFRICATES | _ESPEAK).replace(_BORDER, "")
    return _known(sounds, vocabulary)


def written(phonemes: str, symbols: Callable[[str], str]) -> str:
    """A G2P's phonemes as they must be written so that `symbols`, one of the two above, gives them back unchanged.

    Two symbols that would be read as one are set apart by the border of a syllable.
    """
    if symbols(phonemes) == phonemes:
        return phonemes
    apart = re.sub("|".join(_PAIRS), lambda pair: _BORDER.join(pair[0]), phonemes)
    return apart if symbols(apart) == phonemes else phonemes


def nearest(phonemes: str, vocabulary: Container[str]) -> str:
    """A G2P's phonemes; one that v1.0 does not know becomes the nearest that it knows, if there is one."""
    return "".join(symbol if symbol in vocabulary else _nearest_of(symbol, vocabulary) for symbol in phonemes)


def _nearest_of(symbol: str, vocabulary: Container[str]) -> str:
    near = symbol.translate(_NEAREST_TO_G2P)
    if near not in vocabulary and symbol not in _NO_LOSS:
        _LOGGER.debug("No voice has a sound for %s of the G2P, which is left out", symbol)
    return near


def _clean(written: str) -> str:
    text = unicodedata.normalize("NFD", written.strip()).replace("c\u0327", "ç")
    text = text.translate(_UNSPOKEN).translate(_SPELLINGS)
    text = text.replace("i" + _NON_SYLLABIC, "ɪ").replace("u" + _NON_SYLLABIC, "ʊ")
    text = re.sub(f"(.){_SYLLABIC}", r"ᵊ\1", text)
    text = re.sub(f"[{re.escape(_TIES)}]", "͡", text)
    # Other signs above and below a letter are finer than any voice can follow.
    return "".join(
        symbol for symbol in text if symbol in (_NASAL, "͡") or not unicodedata.category(symbol).startswith("M")
    )


def _replaced(text: str, table: dict[str, str]) -> str:
    """The text with all of a table replaced in one go, the longest spelling first, so that none is replaced twice."""
    if not table:
        return text
    writings = sorted(table, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, writings)), lambda found: table[found[0]], text)


def _known(sounds: str, vocabulary: Container[str]) -> str:
    known = "".join(symbol for symbol in " ".join(sounds.split()) if symbol in vocabulary)
    unknown = {symbol for symbol in sounds if symbol not in vocabulary and not symbol.isspace()} - {"͡"}
    if unknown:
        _LOGGER.debug("No voice has a sound for %s, which is left out", " ".join(sorted(unknown)))
    # Stress and length alone are no sound.
    return known.strip() if any(symbol.isalpha() and symbol not in "ˈˌː" for symbol in known) else ""
