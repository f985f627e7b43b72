"""Brands, names and loanwords as a house says them in each language: the table `loanwords.tsv`, which is read once.

A row has a word and, by language, how it is spelled there or its IPA between slashes; an empty field is read well as it
stands. Case never counts, nor whether parts are joined by a hyphen, a blank or nothing ("Wi-Fi", "wifi"). A word that
begins with a small letter is a common noun, and has a plural. The owner's lexicon comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from kokoro_wyoming.text.sentences import Run

TABLE = Path(__file__).with_name("loanwords.tsv")

_PART = re.compile("[0-9A-Za-z\u00c0-\u024f]+")
_MAX_PARTS = 3
"""The most parts of a word of the table."""
_PLURALS = {"es": "s", "pt": "s", "fr": ""}
"""What a plural adds to how a common noun is said; other languages have no plural of foreign words."""


def respelled(run: Run, language: str, stays: Callable[[Run], bool] = lambda word: False) -> Iterator[Run]:
    """The run with its loanwords respelled; one that is given in IPA is a run of its own, with phonemes.

    `language` is the tag that the run is read in. A word that `stays` is left as it is.
    """
    if run.words is not None or run.phonemes is not None:
        yield run
        return
    text, said = run.text, ""
    at = 0
    for start, end, spelling in _found(text, _words(language[:2])):
        if stays(Run(text[start:end], run.language)):
            continue
        said += text[at:start]
        at = end
        if not spelling.startswith("/"):
            said += spelling
            continue
        if said:
            yield Run(said, run.language)
        yield Run(text[start:end], run.language, phonemes=spelling.strip("/"))
        said = ""
    if said or at < len(text) or not text:
        # One run for all that the G2P reads, as it hears a word by its neighbours.
        yield run if not at else Run(said + text[at:], run.language)


def rows() -> Iterator[dict[str, str]]:
    """The rows of the table: "word", then what is said in each language (two letters), empty for as it stands."""
    header, *lines = (line.split("\t") for line in TABLE.read_text("utf-8").splitlines())
    yield from (dict(zip(header, line, strict=True)) for line in lines)


def writings(word: str) -> Iterator[str]:
    """The ways to write a word, in small letters."""
    parts = re.split("[ -]", word.lower())
    # "e mail" is two words in some languages.
    joints = ("", "-", " ") if len(parts[0]) > 1 else ("", "-")
    yield from dict.fromkeys(joint.join(parts) for joint in joints)


def _found(text: str, words: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Where each word of the text begins and ends, and how it is said; of two that fit, the longer."""
    parts = [*_PART.finditer(text)]
    number = 0
    while number < len(parts):
        start = parts[number].start()
        for last in range(min(number + _MAX_PARTS, len(parts)) - 1, number - 1, -1):
            spelling = words.get(text[start : parts[last].end()].lower().replace("’", "'"))
            if spelling is not None:
                yield start, parts[last].end(), spelling
                number = last
                break
        number += 1


@cache
def _words(language: str) -> dict[str, str]:
    return dict(_spoken(language))


def _spoken(language: str) -> Iterator[tuple[str, str]]:
    plural = _PLURALS.get(language)
    for row in rows():
        said = row.get(language, "")
        for written in writings(row["word"]) if said else ():
            yield written, said
            if plural is not None and row["word"][0].islower() and not said.endswith("/"):
                yield f"{written}s", said + plural
