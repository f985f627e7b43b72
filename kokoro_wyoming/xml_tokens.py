"""XML as it arrives, cut into tokens: whole tags, comments, sections and references, and the text between them. Pure.

What reads them then never looks at a part of a tag twice, and a tag that never ends is told after a bounded length.
"""

from __future__ import annotations

import re

MAX_TOKEN_CHARS = 2_000
"""Of a tag, a comment or a CDATA section, which are read when they are whole."""
MAX_REFERENCE_CHARS = 12

NO_DOCUMENT_TYPES = "document types and entities of your own are not read; remove them"

_TOKEN = re.compile(
    r"""<!--.*?-->  |  <!\[CDATA\[.*?\]\]>  |  <\?.*?\?>  |  <(?![!?])(?:[^<>"']|"[^"]*"|'[^']*')*>""",
    re.DOTALL | re.VERBOSE,
)
_REFERENCE = re.compile(r"&\#?\w{1,10};", re.ASCII)
_NOT_A_REFERENCE = re.compile(r"&(?:[^\w#]|\#?\w+[^\w;]|\#[^\w])", re.ASCII)
_OTHER_DECLARATION = re.compile(r"<!(?!$|--|-$|\[)")
_TEXT = re.compile("[^<&]+")


class Tokens:
    """Takes chunks of any size; where they are cut does not change the tokens."""

    def __init__(self) -> None:
        self.unread = ""
        """What is no whole token yet."""
        self.begun = False
        """Whether anything but blanks has come."""
        self._at = (1, 1)
        self._after = (1, 1)

    @property
    def place(self) -> str:
        """Of the last token, or of what can be none."""
        return f"line {self._at[0]}, column {self._at[1]}"

    def add(self, chunk: str) -> None:
        """Take more."""
        self.unread += chunk

    def next(self) -> str:
        """The next token; empty when more has to come. ValueError says what can be none."""
        if not self.begun:
            # The XML declaration must come first, and who pastes a document does not look at what is above it.
            self._take(len(self.unread) - len(self.unread.lstrip()))
            self.begun = bool(self.unread)
        self._at = self._after
        return self._take(self._token_chars()) if self.unread else ""

    def _token_chars(self) -> int:
        unread = self.unread
        if text := _TEXT.match(unread):
            return text.end()
        found = (_TOKEN if unread[0] == "<" else _REFERENCE).match(unread)
        if found is not None and found.end() <= MAX_TOKEN_CHARS:
            return found.end()
        if unread[0] == "&" and (_NOT_A_REFERENCE.match(unread) or len(unread) > MAX_REFERENCE_CHARS):
            raise ValueError("a lone & is not XML; write &amp;")
        if _OTHER_DECLARATION.match(unread):
            raise ValueError(NO_DOCUMENT_TYPES)
        if len(unread) > MAX_TOKEN_CHARS:
            raise ValueError(f"a tag or comment may have {MAX_TOKEN_CHARS:,} characters; is a < meant as &lt;?")
        return 0

    def _take(self, chars: int) -> str:
        token, self.unread = self.unread[:chars], self.unread[chars:]
        line, column = self._after
        lines = token.count("\n")
        self._after = (line + lines, len(token) - token.rfind("\n") if lines else column + chars)
        return token
