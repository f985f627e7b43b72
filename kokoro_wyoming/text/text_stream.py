"""A text on its way: chunks of it in, sentences and pauses out, whatever it is written in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.text.cleaning import clean
from kokoro_wyoming.text.sentences import Parser, Pause, Sentence
from kokoro_wyoming.text.splitting import DEFAULT_MARKUP, MarkupOptions, SentenceSplitter, signs_reader
from kokoro_wyoming.text.ssml.reader import SsmlReader, looks_like_ssml

TextFormat = Literal["text", "ssml"]


@dataclass(frozen=True)
class TextOptions:
    """How texts are taken, by the owner's choice."""

    quiet_seconds: float | None = 0.3
    """After so long without new text, a sentence that is complete is said; None waits for what follows it."""
    clause_first: bool = True
    """Of a long first sentence the first clause is said before the rest."""
    finds_ssml: bool = True
    """A text that begins with <speak is SSML even if nobody says so."""
    language_from_text: bool = True
    """Where neither voice nor language are asked for, the text's letters may choose the language."""
    likely_languages: tuple[str, ...] = ()
    """The tags for which the owner chose a voice: of two that write the same letters, these come first."""
    markup: MarkupOptions = DEFAULT_MARKUP
    """What is made of markup in plain text, of whatever language."""


AS_USUAL = TextOptions()


class TextStream:
    """Gives what is to be said of one utterance; how it is cut into chunks never changes that."""

    def __init__(self, text_format: TextFormat = "text", options: TextOptions = AS_USUAL) -> None:
        self._splitter = SentenceSplitter(clause_first=options.clause_first, markup=options.markup)
        self._parser = Parser()
        self._signs = signs_reader(options.markup)
        """For SSML, in which there is no other markup."""
        self._ssml = SsmlReader() if text_format == "ssml" else None
        self._document: list[str] = []
        """What it says, as far as it has come."""
        self._undecided: list[str] | None = [] if text_format == "text" and options.finds_ssml else None
        """The chunks of a text of which it is not known what it is; None once it is."""
        self._beginning = ""
        """Of these, without the blanks before it."""

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
            # Errors in SSML are told with their line; in other text, blanks before the first word are nothing.
            chunk = "".join(self._undecided) if is_ssml else self._beginning
            self._undecided, self._ssml = None, SsmlReader() if is_ssml else None
        if self._ssml is None:
            yield from self._parsed(self._splitter.add(chunk))
        else:
            yield from self._read(self._ssml, partial(self._ssml.add, clean(chunk)))

    @property
    def is_complete(self) -> bool:
        """Whether a sentence is pending that is complete, but not certain to be before more text comes. Not in SSML."""
        return self._ssml is None and not self._undecided and self._splitter.is_complete

    def settle(self) -> Iterator[Sentence | Pause]:
        """No more text comes for now: yield the pending sentence if it is complete."""
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
        """All that the document says, once it is whole; then its mistakes, which may stand behind its end."""
        failure = None
        try:
            read()
        except PeerError as error:
            failure = error
        self._document.append(self._signs.add(document.text()))
        if document.is_whole:
            parts, self._document = [*self._document, self._signs.finish()], []
            for part in parts:
                yield from self._parsed(self._splitter.add_marked(part))
            yield from self._parsed(self._splitter.finish())
        if failure is not None:
            raise failure

    def _parsed(self, pieces: Iterator[str]) -> Iterator[Sentence | Pause]:
        for piece in pieces:
            yield from self._parser.parse(piece)
