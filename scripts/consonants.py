"""Hindi by its consonants, in whichever letters it is written.

whisper-base hears Hindi well and cannot spell it: left alone it writes Urdu's letters, at times Latin ones; asked for
Devanagari it loses its way and says one word over and over. What the three scripts agree on are the consonants, without
breath (kh is k), place of the tongue (retroflex is dental), and without h, v and y, which Urdu writes as its vowels.
"""

from __future__ import annotations

import re
import unicodedata

_DEVANAGARI = {
    **dict.fromkeys("कख", "k"),
    **dict.fromkeys("गघ", "g"),
    **dict.fromkeys("चछ", "c"),
    **dict.fromkeys("जझ", "j"),
    **dict.fromkeys("टठतथ", "t"),
    **dict.fromkeys("डढदध", "d"),
    **dict.fromkeys("ङञणन", "n"),
    **dict.fromkeys("पफ", "p"),
    **dict.fromkeys("बभ", "b"),
    **dict.fromkeys("शष", "x"),
    "म": "m",
    "र": "r",
    "ल": "l",
    "स": "s",
}
_URDU = {
    **dict.fromkeys("کكقخ", "k"),
    **dict.fromkeys("گغ", "g"),
    "چ": "c",
    **dict.fromkeys("جزذضظژ", "j"),
    **dict.fromkeys("تٹطةۃ", "t"),
    **dict.fromkeys("دڈ", "d"),
    **dict.fromkeys("پف", "p"),
    **dict.fromkeys("سصث", "s"),
    **dict.fromkeys("رڑ", "r"),
    "ن": "n",
    "ب": "b",
    "ش": "x",
    "م": "m",
    "ل": "l",
}
_LATIN = {"q": "k", "c": "k", "z": "j", "f": "p", **{letter: letter for letter in "kgjtdnpbmrls"}}
_CONSONANTS = {**_DEVANAGARI, **_URDU, **_LATIN}
_NASAL_BEFORE_CONSONANT = re.compile("[\u0901\u0902](?=[\u0915-\u0939])")
_FLAPS = re.compile("[डढ]\u093c")


def consonants(text: str) -> str:
    """The consonants of a text with single spaces between them; numbers are words by now."""
    text = unicodedata.normalize("NFD", text.casefold())
    text = _NASAL_BEFORE_CONSONANT.sub("न", _FLAPS.sub("र", text))
    # ज्ञ is said gy; Latin writes one sound with two letters.
    for written, sound in (("ज्ञ", "ग"), ("sh", "ش"), ("ch", "چ"), ("x", "کس"), ("ph", "p")):
        text = text.replace(written, sound)
    found = "".join(_CONSONANTS[letter] for letter in text if letter in _CONSONANTS)
    # Only some of the scripts write a long consonant twice.
    return " ".join(re.findall(r"(.)(?!\1)", found))
