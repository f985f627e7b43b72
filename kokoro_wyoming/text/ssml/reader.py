"""A document of SSML into text with marks. Pure.

It is the part of SSML 1.1 (https://www.w3.org/TR/speech-synthesis11/) that a Kokoro voice can follow. The XML is parsed
by expat as it arrives. Document types are refused, as the entities in them can grow without end.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, NoReturn
from xml.parsers import expat

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.languages import match_language
from kokoro_wyoming.text import marks
from kokoro_wyoming.text.cleaning import clean
from kokoro_wyoming.text.markup import addresses
from kokoro_wyoming.text.ssml.prosody import gain_of, rate_of, seconds_of

_LOGGER = logging.getLogger(__name__)

MAX_DEPTH = 32
MAX_ATTRIBUTES = 16
MAX_TAG_BYTES = 2_000
"""The longest tag or comment: the parser reads one that has no end yet again with each piece."""
MAX_WORDS_CHARS = 500
"""The longest text of an element that says what its words are: they are spoken in one go."""
MAX_SPAN_CHARS = 200
"""A longer text in one manner is given out in parts: the splitter never cuts within a span."""
_PIECE = re.compile("[^>]{0,255}>|[^>]{256}")
"""The parser is given a document in these pieces, however it was cut into chunks: most end with a tag."""
_PARAGRAPH_SECONDS = 0.4

_BEGINNINGS = ("<speak", "<?xml")

_CLAUSE_END = re.compile(r"[.!?…।,;:]\s|.?[。！？，；：]")
_SIGNS_AT_END = re.compile(r"[\s.!?…।,;:。！？，；：]*$")
_UNFINISHED_REFERENCE = re.compile(r"&#?\w*$")

_SILENT = frozenset(("desc", "meta", "metadata", "lexicon"))
_PASSED = frozenset(("emphasis", "w", "token", "audio", "mark", "lookup", "word"))
_KNOWN = "speak, p, s, break, prosody, say-as, sub, phoneme, voice, lang, emphasis, audio"


class SsmlError(PeerError):
    """SSML that cannot be read: where, and what to do."""

    code: ClassVar[str] = "invalid-ssml"


def looks_like_ssml(beginning: str) -> bool | None:
    """Whether a text that begins so is SSML; None while that cannot be said."""
    text = beginning.lstrip()
    if any(re.match(rf"{re.escape(start)}[\s>/]", text) for start in _BEGINNINGS):
        return True
    return None if any(start.startswith(text) or text == start for start in _BEGINNINGS) else False


@dataclass(frozen=True)
class _Manner:
    """How the text of an element is said."""

    rate: float = 1.0
    gain: float = 1.0
    voice: str = ""
    language: str = ""


@dataclass
class _Element:
    """One that is open."""

    name: str
    manner: _Manner
    """How its text is said."""
    span: str = ""
    """The language of its words, if the voice stays; empty for the voice's own."""
    words: list[str] | None = None
    """Where its text is kept until it ends."""
    mark: tuple[str, str] | None = None
    """What these words are said as: key and value; None: not at all."""
    after_seconds: float | None = None
    """The silence between it and what is said next."""


class SsmlReader:
    """Gives the marked text of one document, from chunks of any size. Where they are cut changes nothing.

    The document may be wrong until `is_whole`: nobody should say its text before.
    """

    def __init__(self) -> None:
        self.is_whole = False
        """Whether the document has ended, so that `text` has given all of it."""
        self._chunks: list[str] = []
        """All that came, for the place of a mistake."""
        self._rest = ""
        """The end of it, which is no piece for the parser yet."""
        self._parsed_bytes = 0
        self._open: list[_Element] = []
        self._out: list[str] = []
        self._said = _Manner()
        """The manner that the marks given out so far have set."""
        self._has_said = False
        self._owed_seconds: float | None = None
        """A pause that is made if more words come: nobody waits for one at the end."""
        self._text = ""
        """Words that are not given out yet."""
        self._text_manner = ("", _Manner())
        """Their language and how they are said."""
        self._after_blank = True
        self._parser = expat.ParserCreate("utf-8")
        # Newer ones put off reading a tag again, which would put off the end of the document; MAX_TAG_BYTES is enough.
        if hasattr(self._parser, "SetReparseDeferralEnabled"):
            self._parser.SetReparseDeferralEnabled(False)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def text(self) -> str:
        """What the document says, as far as it has come and was not given before."""
        text, self._out = "".join(self._out), []
        return text

    def add(self, chunk: str) -> None:
        """Take more of the document. SsmlError says what is wrong with it, and where."""
        self._chunks.append(chunk)
        # The XML declaration must come first. People paste a document with empty lines above it.
        text = self._rest + chunk if self._rest or self._parsed_bytes else chunk.lstrip()
        pieces = _PIECE.findall(text)
        self._rest = text[sum(map(len, pieces)) :]
        for piece in pieces:
            self._parse(piece)

    def finish(self) -> None:
        """No more of it comes. SsmlError unless it is whole, or nothing came at all."""
        self._parse(self._rest)
        if self._open:
            source = "".join(self._chunks)
            is_in_tag = source.rfind("<") > source.rfind(">")
            what = "within a tag" if is_in_tag else f"before the end of {self._open[-1].name}"
            self._fail(f"the text ended {what}; a part of it is missing")
        if self._parsed_bytes:
            self._parse("", final=True)

    def _parse(self, piece: str, *, final: bool = False) -> None:
        data = piece.encode()
        self._parsed_bytes += len(data)
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            raise self._explained(expat.ErrorString(error.code)) from None
        if self._parsed_bytes - self._parser.CurrentByteIndex > MAX_TAG_BYTES:
            self._fail(f"a tag or comment may have {MAX_TAG_BYTES:,} characters; is a < meant as &lt;?")

    def _read_so_far(self) -> str:
        """The document up to the tag or text where the parser is."""
        source = "".join(self._chunks)
        blanks = source[: len(source) - len(source.lstrip())]
        read = source.lstrip().encode()[: max(0, self._parser.CurrentByteIndex)]
        return blanks + read.decode(errors="ignore")

    def _failure(self, what: str, before: str) -> SsmlError:
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return SsmlError(f"SSML, line {line}, column {column}: {what}.")

    def _fail(self, what: str) -> NoReturn:
        raise self._failure(what, self._read_so_far())

    def _explained(self, error: str | None) -> SsmlError:
        """expat's words, and what to do."""
        before = self._read_so_far()
        inner = f"{self._open[-1].name} is still open" if self._open else "everything belongs between speak's two tags"
        what = f"this is not XML ({error}); {inner}"
        match error:
            case "not well-formed (invalid token)" if lone := _UNFINISHED_REFERENCE.search(before[-40:]):
                what, before = "a lone & is not XML; write &amp;", before[: -len(lone[0])]
            case "not well-formed (invalid token)" if before.endswith("<"):
                what, before = "a lone < is not XML; write &lt;", before[:-1]
            case "mismatched tag":
                what = f"another element ends here than began last; {inner}"
            case "undefined entity":
                what = "only &amp; &lt; &gt; &quot; &apos; and numbers such as &#233; are known here"
            case "junk after document element" | "not well-formed (invalid token)" if self.is_whole:
                what = f"there is more than one document; {inner}"
        return self._failure(what, before)

    def _doctype(self, *_: object) -> NoReturn:
        self._fail("document types and entities of your own are not read; remove them")

    # Elements

    def _start(self, qualified: str, attributes: Mapping[str, str]) -> None:
        name = qualified.rpartition(":")[2]
        if len(self._open) >= MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} elements stand one in another; take some away")
        if len(attributes) > MAX_ATTRIBUTES:
            self._fail(f"{name[:40]} has more than {MAX_ATTRIBUTES} attributes; take some away")
        if (name == "speak") == bool(self._open):
            self._fail("speak stands once, around everything; the text must begin with it")
        around = self._open[-1] if self._open else _Element("", _Manner())
        begin = _BEGINS.get(name)
        if begin is None:
            self._fail(f"the element {name[:40]} is not known; there are {_KNOWN}")
        element = _Element(name, around.manner, around.span, around.words)
        values = {key: clean(value) for key, value in attributes.items()}
        try:
            begin(self, element, values)
        except ValueError as error:
            self._fail(f"{name}: {error}")
        self._open.append(element)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        around = self._open[-1] if self._open else None
        if around is not None and element.words is not None and around.words is not element.words:
            self._end_words(element, around)
        if element.after_seconds is not None:
            self._owe(element.after_seconds)
        if not self._open:
            self._flush()
            self.is_whole = True

    def _end_words(self, element: _Element, around: _Element) -> None:
        """Say what was kept of an element: as its mark says, or as mere words where these are kept, too."""
        key, value = element.mark or ("", "")
        words = " ".join("".join(element.words or ()).split()) or (value if key == "phonemes" else "")
        if len(words) > MAX_WORDS_CHARS:
            self._fail(f"{element.name} has more than {MAX_WORDS_CHARS:,} characters; it is for a few words")
        if key == "alias":
            self._say(value, around)
        elif key and around.words is not None:
            around.words.append(words)
        elif key and words:
            self._flush()
            self._turn_to(element.manner)
            self._out.append(marks.said(words, key, value))
            self._after_blank = False

    # Text

    def _characters(self, text: str) -> None:
        if self._open:
            self._say(clean(text), self._open[-1])

    def _say(self, text: str, element: _Element) -> None:
        if element.words is not None:
            element.words.append(text)
            return
        if (element.span, element.manner) != self._text_manner:
            self._flush()
            self._text_manner = (element.span, element.manner)
        for character in text:
            blank = character.isspace()
            if not (blank and self._after_blank):
                self._text += " " if blank else character
                if self._may_be_given():
                    self._flush()
            self._after_blank = blank

    def _may_be_given(self) -> bool:
        """Whether the words so far are given out: a clause of another language, or a long text at a place outside
        words and addresses."""
        language, _ = self._text_manner
        if language and _CLAUSE_END.fullmatch(self._text[-2:]):
            return True
        size, last = len(self._text), self._text[-1]
        if size <= MAX_SPAN_CHARS or last == " ":
            return size > MAX_SPAN_CHARS
        return size > (4 if last.isascii() else 2) * MAX_SPAN_CHARS

    def _flush(self) -> None:
        """Give out the words that came so far; the signs behind words of another language are the sentence's."""
        text, self._text = self._text, ""
        language, manner = self._text_manner
        words = _SIGNS_AT_END.sub("", text) if language else text
        if words and not words.isspace():
            self._turn_to(manner)
        for part, is_address in addresses.split(words):
            if is_address:
                self._out.append(marks.named(part, marks.WEB_ADDRESS, language))
            elif language and not part.isspace():
                self._out.append(marks.said(part, "language", language))
            else:
                self._out.append(part)
        self._out.append(text[len(words) :])

    def _turn_to(self, manner: _Manner) -> None:
        """Words come: make the pause before them, and have marks tell what is another now."""
        if self._owed_seconds is not None and self._has_said:
            self._out.append(marks.pause(self._owed_seconds))
        self._owed_seconds, self._has_said = None, True
        if manner == self._said:
            return
        for key in ("rate", "gain", "voice", "language"):
            value = getattr(manner, key)
            if value != getattr(self._said, key):
                self._out.append(marks.manner(key, value if isinstance(value, str) else f"{value:.6g}"))
        self._said = manner

    def _owe(self, seconds: float) -> None:
        self._flush()
        self._owed_seconds = max(self._owed_seconds or 0, seconds)
        self._after_blank = True

    # What each element means

    def _speak(self, element: _Element, attributes: Mapping[str, str]) -> None:
        self._in_language(element, attributes)

    def _paragraph(self, element: _Element, attributes: Mapping[str, str]) -> None:
        self._in_language(element, attributes)
        element.after_seconds = _PARAGRAPH_SECONDS if element.name in ("p", "paragraph") else 0.0
        self._owe(0.0)

    def _in_language(self, element: _Element, attributes: Mapping[str, str]) -> None:
        if language := attributes.get("xml:lang", "").strip():
            element.manner = replace(element.manner, language=match_language(language) or language)

    def _break(self, element: _Element, attributes: Mapping[str, str]) -> None:
        seconds = seconds_of(attributes.get("time"), attributes.get("strength"))
        if seconds and element.words is None:
            self._flush()
            self._out.append(marks.pause(seconds))
            self._after_blank = True

    def _prosody(self, element: _Element, attributes: Mapping[str, str]) -> None:
        manner = element.manner
        if "rate" in attributes:
            manner = replace(manner, rate=rate_of(attributes["rate"], manner.rate))
        if "volume" in attributes:
            manner = replace(manner, gain=gain_of(attributes["volume"], manner.gain))
        ignored = sorted(set(attributes) - {"rate", "volume"})
        if ignored:
            _LOGGER.debug("SSML: no Kokoro voice can follow prosody's %s", ", ".join(ignored))
        element.manner = manner

    def _voice(self, element: _Element, attributes: Mapping[str, str]) -> None:
        name = attributes.get("name", "").strip()
        language = (attributes.get("xml:lang") or attributes.get("languages", "")).strip()
        if not name and not language:
            _LOGGER.debug("SSML: a voice without a name or a language changes nothing")
            return
        tag = match_language(language) or language
        element.manner = replace(element.manner, voice=name or tag, language=tag)
        element.span = ""

    def _lang(self, element: _Element, attributes: Mapping[str, str]) -> None:
        language = attributes.get("xml:lang", "").strip()
        if not language:
            raise ValueError('needs an xml:lang, such as xml:lang="fr-FR"')
        element.span = match_language(language) or language.partition("-")[0].lower()

    def _sub(self, element: _Element, attributes: Mapping[str, str]) -> None:
        if "alias" not in attributes:
            raise ValueError("needs an alias, which is said in place of its text")
        element.words, element.mark = [], ("alias", attributes["alias"])

    def _phoneme(self, element: _Element, attributes: Mapping[str, str]) -> None:
        if attributes.get("alphabet", "ipa").lower() != "ipa":
            raise ValueError("the alphabet must be ipa")
        if not attributes.get("ph", "").strip():
            raise ValueError('needs a ph, such as ph="təˈmɑːtoʊ"')
        element.words, element.mark = [], ("phonemes", attributes["ph"].strip())

    def _say_as(self, element: _Element, attributes: Mapping[str, str]) -> None:
        kind = attributes.get("interpret-as", "").strip().lower()
        if not kind:
            raise ValueError('needs an interpret-as, such as interpret-as="characters"')
        form = attributes.get("format", "").strip().lower()
        language = element.span
        element.words, element.mark = [], ("as", "|".join(part.replace("|", "") for part in (kind, form, language)))

    def _silent(self, element: _Element, _: Mapping[str, str]) -> None:
        element.words, element.mark = [], None

    def _pass(self, element: _Element, _: Mapping[str, str]) -> None:
        if element.name in ("audio", "mark"):
            _LOGGER.debug("SSML: %s is passed over", element.name)


_BEGINS: Mapping[str, Callable[[SsmlReader, _Element, Mapping[str, str]], None]] = {
    "speak": SsmlReader._speak,
    **dict.fromkeys(("p", "s", "paragraph", "sentence"), SsmlReader._paragraph),
    "break": SsmlReader._break,
    "prosody": SsmlReader._prosody,
    "voice": SsmlReader._voice,
    "lang": SsmlReader._lang,
    "sub": SsmlReader._sub,
    "phoneme": SsmlReader._phoneme,
    "say-as": SsmlReader._say_as,
    **dict.fromkeys(_SILENT, SsmlReader._silent),
    **dict.fromkeys(_PASSED, SsmlReader._pass),
}
