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
        self._text = ""
        self._read_chars = 0
        self.begun = False
        """Whether anything but blanks has come."""
        self._at = (1, 1)
        self._after = (1, 1)

    @property
    def place(self) -> str:
        """Of the last token, or of what can be none."""
        return f"line {self._at[0]}, column {self._at[1]}"

    @property
    def unread(self) -> str:
        """What is no whole token yet."""
        return self._text[self._read_chars :]

    def add(self, chunk: str) -> None:
        """Take more."""
        self._text, self._read_chars = self.unread + chunk, 0

    def next(self) -> str:
        """The next token; empty when more has to come. ValueError says what can be none."""
        if not self.begun:
            # The XML declaration must come first, and who pastes a document does not look at what is above it.
            unread = self.unread
            self._take(len(unread) - len(unread.lstrip()))
            self.begun = len(self._text) > self._read_chars
        self._at = self._after
        return self._take(self._token_chars()) if len(self._text) > self._read_chars else ""

    def _token_chars(self) -> int:
        text, begin = self._text, self._read_chars
        if words := _TEXT.match(text, begin):
            return words.end() - begin
        unread_chars = len(text) - begin
        found = (_TOKEN if text[begin] == "<" else _REFERENCE).match(text, begin, begin + MAX_TOKEN_CHARS)
        if found is not None:
            return found.end() - begin
        if text[begin] == "&" and (_NOT_A_REFERENCE.match(text, begin) or unread_chars > MAX_REFERENCE_CHARS):
            raise ValueError("a lone & is not XML; write &amp;")
        if _OTHER_DECLARATION.match(text, begin):
            raise ValueError(NO_DOCUMENT_TYPES)
        if unread_chars > MAX_TOKEN_CHARS:
            raise ValueError(f"a tag or comment may have {MAX_TOKEN_CHARS:,} characters; is a < meant as &lt;?")
        return 0

    def _take(self, chars: int) -> str:
        token = self._text[self._read_chars : self._read_chars + chars]
        self._read_chars += chars
        line, column = self._after
        lines = token.count("\n")
        self._after = (line + lines, len(token) - token.rfind("\n") if lines else column + chars)
        return token
