"""The names of emoji: those of the package `emoji`, and CLDR's in languages that it has not, from `emoji_names.tsv`.

The table has the names that CLDR 45 gives for speech, without those of flags and families.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import emoji

from kokoro_wyoming.languages import TAGS

TABLE = Path(__file__).with_name("emoji_names.tsv")

_OF_A_LANGUAGE_OF_OURS = frozenset(tag[:2] for tag in TAGS)
_MODIFIERS = dict.fromkeys([0xFE0F, *range(0x1F3FB, 0x1F400)])
"""The sign that asks for a picture, and colours of skin."""


def names(text: str, language: str) -> Iterator[str]:
    """The name of each emoji in a text; `language` is the tag of the words around it.

    A language of the nine without names has English ones; an emoji without a name in any other is left out.
    """
    primary = language.partition("-")[0]
    table = {} if primary in emoji.LANGUAGES else _table(primary)
    for one in emoji.emoji_list(text):
        if table:
            yield table.get(one["emoji"].translate(_MODIFIERS), "")
        elif primary in emoji.LANGUAGES or primary in _OF_A_LANGUAGE_OF_OURS:
            spoken = primary if primary in emoji.LANGUAGES else "en"
            yield emoji.demojize(one["emoji"], ("", ""), spoken).replace("_", " ").strip()


@cache
def _table(language: str) -> Mapping[str, str]:
    header, *rows = (line.split("\t") for line in TABLE.read_text("utf-8").splitlines())
    column = header.index(language) if language in header[1:] else 0
    return {row[0]: row[column] for row in rows} if column else {}
