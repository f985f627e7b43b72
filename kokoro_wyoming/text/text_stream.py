"""The text of one utterance as it arrives: chunks in, sentences and pauses out, from plain text or SSML. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.text.cleaning import Composer, clean
from kokoro_wyoming.text.sentences import Parser, Pause, Sentence
from kokoro_wyoming.text.splitting import DEFAULT_MARKUP, MarkupOptions, SentenceSplitter, signs_reader
from kokoro_wyoming.text.ssml.reader import SsmlReader, looks_like_ssml

TextFormat = Literal["text", "ssml"]


@dataclass(frozen=True)
class TextOptions:
    """How the owner wants texts to be read."""

    quiet_seconds: float | None = 0.3
    """A complete sentence is said after so many seconds without new text; None waits for the text behind it."""
    clause_first: bool = True
    """Whether the first clause of a long first sentence is said before its rest."""
    finds_ssml: bool = True
    """Whether a text that begins with <speak is SSML even if the client does not say so."""
    language_from_text: bool = True
    """Whether the letters of a text choose the language if the client asks for no voice and no language."""
    likely_languages: tuple[str, ...] = ()
    """The tags for which the owner chose a voice. Of two languages with the same letters, these come first."""
    markup: MarkupOptions = DEFAULT_MARKUP
    """How Markdown, HTML, addresses and emoji are read in plain text."""


AS_USUAL = TextOptions()


class TextStream:
    """Gives the sentences and pauses of one utterance. How its text is cut into chunks never changes them."""

    def __init__(self, text_format: TextFormat = "text", options: TextOptions = AS_USUAL) -> None:
        self._splitter = SentenceSplitter(clause_first=options.clause_first, markup=options.markup)
        self._parser = Parser()
        self._composer = Composer()
        """Composes what SSML says; plain text is cleaned and composed by the splitter."""
        self._signs = signs_reader(options.markup)
        """Reads emoji and signs in SSML, which has no Markdown."""
        self._ssml = SsmlReader() if text_format == "ssml" else None
        self._document: list[str] = []
        """What the SSML document says so far; it is given once the document is whole."""
        self._undecided: list[str] | None = [] if text_format == "text" and options.finds_ssml else None
        """The chunks so far, until they tell whether the text is SSML; None after that."""
        self._beginning = ""
        """These chunks without the blanks before the first word."""

    @property
    def begins_paragraph(self) -> bool:
        """Whether an empty line stood before the sentence that was given last."""
        return self._splitter.begins_paragraph

    def add(self, chunk: str) -> Iterator[Sentence | Pause]:
        """Take more of the text; yield what is certain. Nothing is taken until it is iterated.

        SSML is given once it is whole. PeerError for SSML that is wrong.
        """
        if self._undecided is not None:
            self._undecided.append(clean(chunk))
            self._beginning = (self._beginning + self._undecided[-1]).lstrip()
            is_ssml = looks_like_ssml(self._beginning)
            if is_ssml is None:
                return
            # SSML keeps the blanks before its first tag, as its errors are told with their line.
            chunk = "".join(self._undecided) if is_ssml else self._beginning
            self._undecided, self._ssml = None, SsmlReader() if is_ssml else None
        if self._ssml is None:
            yield from self._parsed(self._splitter.add(chunk))
        else:
            yield from self._read(self._ssml, partial(self._ssml.add, clean(chunk)))

    @property
    def is_complete(self) -> bool:
        """Whether the pending text looks like a complete sentence. False in SSML."""
        return self._ssml is None and not self._undecided and self._splitter.is_complete

    def settle(self) -> Iterator[Sentence | Pause]:
        """Yield the pending sentence if it is complete, as no more text comes for now."""
        if self.is_complete:
            yield from self._parsed(self._splitter.settle())

    def finish(self) -> Iterator[Sentence | Pause]:
        """The text has ended: yield the rest of it; PeerError for SSML that has no end."""
        if self._undecided is not None:
            yield from self._parsed(self._splitter.add(self._beginning))
        if self._ssml is not None:
            yield from self._read(self._ssml, self._ssml.finish)
        yield from self._parsed(self._splitter.finish())

    def _read(self, document: SsmlReader, read: Callable[[], None]) -> Iterator[Sentence | Pause]:
        """Yield what the document says once it is whole. Text behind its end is an error that is raised after that."""
        failure = None
        try:
            read()
        except PeerError as error:
            failure = error
        self._document.append(self._signs.add(self._composer.add(document.text())))
        if document.is_whole:
            rest = self._signs.add(self._composer.finish()) + self._signs.finish()
            parts, self._document = [*self._document, rest], []
            for part in parts:
                yield from self._parsed(self._splitter.add_marked(part))
            yield from self._parsed(self._splitter.finish())
        if failure is not None:
            raise failure

    def _parsed(self, pieces: Iterator[str]) -> Iterator[Sentence | Pause]:
        for piece in pieces:
            yield from self._parser.parse(piece)
