"""Where a speaker would take a breath in a long row of words without a mark. Pure.

The language of a text is not known where it is cut, so the words of all nine count. A word that is something else in
another language ("y", "ma", "dove") is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BEGIN_A_CLAUSE = """
but because while when until unless although though whereas which who whose where whenever before after if
pero porque cuando mientras aunque hasta donde quienes
mais parce quand pendant lorsque puisque afin où
perché quando mentre finché affinché quindi oppure
mas enquanto embora onde
लेकिन क्योंकि जब ताकि इसलिए मगर जबकि जिससे
"""
"""A line for each language, but for what an earlier line has."""

_BEGIN_A_PHRASE = """
and or so that with through between into without during
para
et ou
e per
और कि तथा
"""
_CHINESE = "但是|因为|所以|然后|而且|并且|如果|同时|不过|以及|直到|或者"
_JAPANESE_ENDS = "けれども|けれど|けど|ので|ながら|ために|ですが|ますが"


def _before(words: str) -> str:
    return rf"(?<=\s)(?=(?i:{'|'.join(sorted(set(words.split())))})\s)"


_KINDS = (
    re.compile(rf"{_before(_BEGIN_A_CLAUSE)}|(?={_CHINESE})|(?:{_JAPANESE_ENDS})"),
    re.compile(_before(_BEGIN_A_PHRASE)),
)


def breaths(text: str) -> Iterator[int]:
    """Places for a breath, as counts of the characters before it: all between clauses, then all between phrases."""
    for kind in _KINDS:
        yield from (found.end() for found in kind.finditer(text))
