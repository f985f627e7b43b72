"""Prepares a sentence's runs for the G2P: asked phonemes, the owner's words, foreign letters, numbers. Pure.

It runs on the model's thread, before the G2P.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Protocol

from kokoro_wyoming.pronunciation import code_switching, loanwords, say_as
from kokoro_wyoming.pronunciation.lexicon import Lexicon
from kokoro_wyoming.pronunciation.normalization import as_words
from kokoro_wyoming.text.sentences import Run

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReadingOptions:
    """How the owner wants words and numbers to be read."""

    lexicon: Lexicon = field(default_factory=Lexicon)
    region: str | None = None
    """Where the house stands, as two letters of ISO 3166; None is where each language's voices come from."""


AS_USUAL = ReadingOptions()

_ENDING = re.compile(r"'?s(?!\w)|'(?!\w)")
"""English possessives and plurals."""


class Readable(Protocol):
    """The part of a release that this module needs."""

    @property
    def languages(self) -> Collection[str]:
        """The tags that a run may have, those of foreign scripts included."""
        ...

    def symbols(self, written: str, language: str) -> str:
        """IPA that somebody wrote, in the release's own symbols; empty if it knows none of it."""
        ...


def pronounce(
    runs: Iterable[Run], language: str, release: Readable, options: ReadingOptions = AS_USUAL
) -> tuple[Run, ...]:
    """The runs, each with phonemes or words for the G2P, in a language that the release reads; None is `language`."""
    pronouncer = _Pronouncer(language, release, options)
    parts = (part for run in pronouncer.named(runs) for part in pronouncer.run(run))
    return tuple(_with_endings(parts, language))


class _Pronouncer:
    """Pronounces the runs of one sentence."""

    def __init__(self, language: str, release: Readable, options: ReadingOptions) -> None:
        self._language = language
        self._release = release
        self._lexicon = options.lexicon
        self._region = options.region

    def named(self, runs: Iterable[Run]) -> Iterator[Run]:
        """The runs with emoji and addresses in words, one run with the words around them, as a G2P needs them whole."""
        for (is_plain, language), group in groupby(map(self._readable, runs), key=_manner):
            together = [*group]
            if is_plain and any(run.is_named for run in together):
                tag = language or self._language
                yield Run("".join(say_as.name(run, tag) if run.is_named else run.text for run in together), language)
            else:
                yield from together

    def _readable(self, run: Run) -> Run:
        if run.language is None or run.language in self._release.languages:
            return run
        _LOGGER.debug("Nothing here reads %s: it is read as %s", run.language[:40], self._language)
        return replace(run, language=None)

    def run(self, run: Run) -> Iterator[Run]:
        if run.phonemes is not None:
            yield from self._with_phonemes(run)
        elif run.say_as is not None:
            for part in say_as.say_as(run, self._tag(run), self._region):
                yield from self._with_phonemes(part) if part.phonemes else self._in_words(part)
        else:
            yield from self._by_lexicon(run)

    def _tag(self, run: Run) -> str:
        return run.language or self._language

    def _with_phonemes(self, run: Run) -> Iterator[Run]:
        """The run with the phonemes that somebody wrote, or as words if the release knows none of them."""
        symbols = self._release.symbols(run.phonemes or "", self._tag(run))
        if symbols:
            yield replace(run, phonemes=symbols, words=None)
        else:
            yield from self._in_words(replace(run, phonemes=None))

    def _by_lexicon(self, run: Run) -> Iterator[Run]:
        for part in self._lexicon.split(run, self._tag(run)):
            if part.phonemes is not None:
                yield from self._with_phonemes(part)
            elif part.words is not None:
                yield from self._in_words(part)
            else:
                yield from self._by_loanwords(part)

    def _by_loanwords(self, run: Run) -> Iterator[Run]:
        for part in loanwords.respelled(run, self._tag(run), self._is_owners):
            yield from self._by_script(part) if part.phonemes is None else self._with_phonemes(part)

    def _is_owners(self, word: Run) -> bool:
        """Whether the owner says how a word is read in the language of its letters."""
        parts = code_switching.split(word, self._tag(word), self._release.languages)
        known = (known for part in parts for known in self._lexicon.split(part, self._tag(part)))
        return any(one.words is not None or one.phonemes is not None for one in known)

    def _by_script(self, run: Run) -> Iterator[Run]:
        """The run, cut where letters of another script begin; these get the owner's words for their language."""
        for part in code_switching.split(run, self._tag(run), self._release.languages, units_stay=True):
            for one in [part] if part.language == run.language else self._known(part):
                yield from self._with_phonemes(one) if one.phonemes is not None else self._in_words(one)

    def _known(self, run: Run) -> Iterator[Run]:
        for part in self._lexicon.split(run, self._tag(run)):
            yield from loanwords.respelled(part, self._tag(run))

    def _in_words(self, run: Run) -> Iterator[Run]:
        """The run with numbers and units in words, then cut where letters of another script are left."""
        written = code_switching.folded(run.text if run.words is None else run.words)
        words = as_words(written, self._tag(run), self._region)
        parts = [*code_switching.split(replace(run, text=words), self._tag(run), self._release.languages)]
        for number, part in enumerate(parts):
            # English takes a lone A for its article; in another language's sentence it is a letter.
            is_letter = self._tag(part) != self._language and part.text in ("A", "a")
            phonemes = self._release.symbols("ˈeɪ", "en-US") if is_letter else None
            yield replace(part, text=run.text if number == 0 else "", words=part.text, phonemes=phonemes)


def _with_endings(parts: Iterable[Run], language: str) -> Iterator[Run]:
    """The parts; an English 's behind a word that was given its sound is said with it, as a G2P cannot know how."""
    before: Run | None = None
    for part in parts:
        ending = _ENDING.match(part.words or "") if part.phonemes is None else None
        if before is not None and ending and _takes_endings(before, language):
            yield _ended(before, ending[0], language)
            before = replace(part, text=part.text[ending.end() :], words=(part.words or "")[ending.end() :])
            continue
        if before is not None:
            yield before
        before = part
    if before is not None:
        yield before


def _takes_endings(run: Run, language: str) -> bool:
    is_english = (run.language or language).startswith("en")
    return is_english and (run.phonemes or run.words or "")[-1:].isalpha() and run.text[-1:].isalpha()


def _ended(run: Run, ending: str, language: str) -> Run:
    if run.phonemes is None:
        return replace(run, text=run.text + ending, words=f"{run.words}{ending}")
    if ending == "'":
        return replace(run, text=run.text + ending)
    last = run.phonemes[-1]
    vowel = "" if last not in "szʃʒʧʤ" else "ɪ" if (run.language or language) == "en-GB" else "ᵻ"
    return replace(run, text=run.text + ending, phonemes=f"{run.phonemes}{vowel}{'s' if last in 'ptkfθ' else 'z'}")


def _manner(run: Run) -> tuple[bool, str | None]:
    """Whether a run is words that the G2P may read together with its neighbours, and their language."""
    return run.is_named or (run.say_as is None and run.phonemes is None), run.language
