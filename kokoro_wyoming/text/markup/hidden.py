"""What a model writes for itself or for a program: thoughts, calls of tools. Nobody says it."""

from __future__ import annotations

import re

_KEPT_CHARS = 4_000
"""So much of thoughts without an end is kept, to be said if there is nothing else."""
_TAG_LIST = """
think thinking thought thoughts reasoning reflection scratchpad
tool_call tool_calls tool_code tool_response tool_result tool_results tool_use function_call function_calls
"""
TAGS = frozenset(_TAG_LIST.split())
FENCES = re.compile(r"(?:`{3,}|~{3,})[ \t]*(?:tool_[a-z]+|function_calls?)\b")
_THOUGHTS_IN_DETAILS = re.compile(r"<details\s[^>]*type=[\"']?reasoning\b")
_ENDS = tuple(f"</{name}>" for name in (*TAGS, "details"))
_LONGEST_END = max(map(len, _ENDS))


def hides(name: str, tag: str) -> bool:
    """Whether the text behind an opening tag is for nobody's ears; `name` is in small letters."""
    is_opening = not tag.startswith("</") and not tag.endswith("/>")
    return is_opening and (name in TAGS or _THOUGHTS_IN_DETAILS.match(tag) is not None)


class Hidden:
    """A text that is not said, until the tag that ends it."""

    def __init__(self) -> None:
        self.is_open = False
        self._kept: list[str] = []
        self._end = ""

    def begin(self) -> None:
        """An opening tag was read."""
        self.is_open, self._kept, self._end = True, [], ""

    def take(self, character: str) -> None:
        """One more character; the last one of a closing tag ends it."""
        self._end = self._end[1 - _LONGEST_END :] + character
        if len(self._kept) < _KEPT_CHARS:
            self._kept.append(character)
        if character == ">" and self._end.lower().endswith(_ENDS):
            self.is_open = False

    def without_end(self) -> str:
        """The beginning of a text whose end never came; it is hidden no more."""
        self.is_open = False
        return "".join(self._kept)
