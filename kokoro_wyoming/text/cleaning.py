"""Drops the characters that nobody can speak, and composes letters with their marks, before any other module sees the
text. Pure."""

from __future__ import annotations

import re
import unicodedata

_CLEANED: dict[int, str | None] = {
    # Control characters, except the white space that sentence boundaries are made of.
    **{code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"},
    # Invisible marks that split words for a phonemiser: soft hyphen, zero-width space, word joiner, byte
    # order mark, directions. Joiner and non-joiner (U+200C, U+200D) stay: they are spelling in Hindi.
    **dict.fromkeys((0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)),
    # Other line breaks.
    **dict.fromkeys((0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n"),
    # Units that are one sign (㎏, ㎡, ℓ, the ohm sign, the kelvin sign): letters, as they are typed elsewhere.
    **{
        code: unicodedata.normalize("NFKC", chr(code)).replace("\u2215", "/")
        for code in (0x2113, 0x2126, 0x212A, 0x212B, *range(0x3300, 0x3358), *range(0x3371, 0x33E0))
    },
    # Curly, modifier, full-width and other apostrophes: dictionaries have the straight one.
    **dict.fromkeys(
        (0x2018, 0x2019, 0x201B, 0x02B9, 0x02BB, 0x02BC, 0x02BD, 0x0374, 0x055A, 0xA78B, 0xA78C, 0xFF07), "'"
    ),
    # What ChatGPT puts around its sources, as its other sign for them.
    0xE200: "【",
    0xE201: "】",
    0xE202: "†",
}

# Halves of a surrogate pair are valid in JSON. But they cannot be encoded again, so that they would fail in the
# phonemiser, in logging and once more in the error event that quotes them. Private use: nobody may forge the marks that
# say how a text is spoken. In a table, these 140,000 characters would take 11 MB.
_SURROGATE_OR_PRIVATE = re.compile("[\ud800-\uf8ff\U000f0000-\U0010ffff]+")

_MOST_MARKS = 30
"""Marks on one letter; Unicode's own limit, for streams. More are drawings."""


_PAIRS = [
    (chr(int(parts[0], 16)), chr(int(parts[1], 16)))
    for code in range(0xC0, 0x3100)
    if len(parts := unicodedata.decomposition(chr(code)).split()) == 2 and not parts[0].startswith("<")
]
_SYLLABLE_STARTS, _SYLLABLE_ENDS = (*range(0x1100, 0x1113), *range(0xAC00, 0xD7A4, 28)), (*range(0x1161, 0x11C3),)
"""Of Hangul: consonants and syllables that may get an end; vowels and ends."""
_FIRSTS = frozenset((*(first for first, _ in _PAIRS), *map(chr, _SYLLABLE_STARTS)))
_SECONDS = frozenset((*(second for _, second in _PAIRS), *map(chr, _SYLLABLE_ENDS)))
"""Characters that may become one with that behind them, or before them."""
_BLOCKS = (*range(0x300, 0x3100), *range(0xA66F, 0xABF0), 0xFB1E, *range(0xFE20, 0xFE30))
"""Where Unicode's marks are, but for those of scripts that nobody writes today."""
_MARKS = "".join(sorted(_SECONDS | {chr(code) for code in _BLOCKS if unicodedata.combining(chr(code))}))
_TOO_MANY_MARKS = re.compile(f"([{_MARKS}]{{{_MOST_MARKS}}})[{_MARKS}]+")
_WITH_MARKS = re.compile(f"[^{_MARKS}]?[{_MARKS}]{{1,{_MOST_MARKS}}}$")


def clean(text: str) -> str:
    """The text without surrogates, control characters and private use; other line breaks and apostrophes as plain ones.

    All that clients send passes here, numbered characters of their markup (`&#57344;`) included. So other modules may
    use private characters as marks of their own.
    """
    return _SURROGATE_OR_PRIVATE.sub("", text.translate(_CLEANED))


def composed(text: str) -> str:
    """The text with each letter and its marks as one character, where there is such a one (Unicode's NFC): a Mac writes
    "é" as two."""
    return unicodedata.normalize("NFC", _TOO_MANY_MARKS.sub(r"\1", text))


class Composer:
    """`composed` for a text that comes in any chunks. Where they end changes nothing."""

    def __init__(self) -> None:
        self.held = ""
        """The last letter with its marks: more marks may follow."""

    def add(self, chunk: str) -> str:
        """What is certain of the text so far and was not given before."""
        text = _TOO_MANY_MARKS.sub(r"\1", self.held + chunk)
        end = _last_letter(text)
        self.held = text[end:]
        return composed(text[:end])

    def finish(self) -> str:
        """What was held back, as no more comes; then all starts afresh."""
        held, self.held = self.held, ""
        return composed(held)


def _last_letter(text: str) -> int:
    """Where the last letter of a text begins, if marks behind it may yet change it; else the text's end."""
    last = _WITH_MARKS.search(text, max(0, len(text) - _MOST_MARKS - 1))
    if last is not None:
        return last.start()
    return len(text) - 1 if text[-1:] in _FIRSTS else len(text)
