"""Drops the characters that nobody can speak, before any other module sees the text. Pure."""

from __future__ import annotations

from unicodedata import normalize

_CLEANED: dict[int, str | None] = {
    # Control characters, except the white space that sentence boundaries are made of.
    **{code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"},
    # Halves of a surrogate pair: valid in JSON, but they cannot be encoded again, so that they would fail in
    # the phonemiser, in logging and once more in the error event that quotes them.
    **dict.fromkeys(range(0xD800, 0xE000)),
    # Invisible marks that split words for a phonemiser: soft hyphen, zero-width space, word joiner, byte
    # order mark, directions. Joiner and non-joiner (U+200C, U+200D) stay: they are spelling in Hindi.
    **dict.fromkeys((0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)),
    # Private use: nobody may forge the marks that say how a text is spoken.
    **dict.fromkeys((*range(0xE000, 0xF900), *range(0xF0000, 0x110000))),
    # Other line breaks.
    **dict.fromkeys((0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n"),
    # Units that are one sign (㎏, ㎡, ℓ, the ohm sign, the kelvin sign): letters, as they are typed elsewhere.
    **{
        code: normalize("NFKC", chr(code)).replace("\u2215", "/")
        for code in (0x2113, 0x2126, 0x212A, 0x212B, *range(0x3300, 0x3358), *range(0x3371, 0x33E0))
    },
    # Curly, modifier and full-width apostrophes: dictionaries have the straight one.
    **dict.fromkeys((0x2018, 0x2019, 0x02BC, 0xFF07), "'"),
}


def clean(text: str) -> str:
    """The text without surrogates, control characters and private use; other line breaks and apostrophes as plain ones.

    All that clients send passes here, numbered characters of their markup (`&#57344;`) included. So other modules may
    use private characters as marks of their own.
    """
    return text.translate(_CLEANED)
