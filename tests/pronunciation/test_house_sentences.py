"""What a house says in languages beside the nine: `house_sentences/<tag>.tsv` has sentence, words, phonemes.

The words are what a person says. The phonemes are espeak-ng's for these words, read by us. Whether a sentence comes to
both is asked the way that a sentence goes: text stream, runs, words, G2P.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

from kokoro_wyoming.builds.named_g2p import NamedG2P, make_g2p
from kokoro_wyoming.pronunciation.normalization import as_words
from kokoro_wyoming.pronunciation.phonemes import Phonemes, of_runs
from kokoro_wyoming.pronunciation.pronounce import pronounce
from kokoro_wyoming.text.sentences import Run, Sentence
from kokoro_wyoming.text.text_stream import TextStream

FOLDER = Path(__file__).with_name("house_sentences")
G2P = {"de-DE": "de", "nl-NL": "nl", "sv-SE": "sv", "pl-PL": "pl", "pt-PT": "pt"}


class _OneLanguage:
    """A release that reads one language; it knows no IPA."""

    def __init__(self, tag: str) -> None:
        self.languages = (tag,)

    def symbols(self, written: str, language: str) -> str:
        return ""


class Row(NamedTuple):
    sentence: str
    words: str
    phonemes: str


def rows(tag: str) -> list[Row]:
    return [Row(*line.split("\t")) for line in (FOLDER / f"{tag}.tsv").read_text("utf-8").splitlines()]


EACH = pytest.mark.parametrize("tag", G2P)


@cache
def _g2p(tag: str) -> NamedG2P:
    return make_g2p(f"espeak:{G2P[tag]}", tag)


def heard(text: str, tag: str) -> str:
    """The phonemes of a text, by the whole way that it goes."""
    stream, release = TextStream(), _OneLanguage(tag)
    said = [one for one in (*stream.add(text), *stream.finish()) if isinstance(one, Sentence)]

    def pieces(run: Run) -> Iterator[Phonemes]:
        return _g2p(tag).pieces(run.text if run.words is None else run.words)

    parts = (of_runs(pronounce(one.runs, tag, release), pieces) for one in said)
    return " ".join(piece.phonemes for part in parts for piece in part)


@pytest.mark.slow
@EACH
def test_they_are_said_in_these_words(tag: str) -> None:
    assert [as_words(row.sentence, tag) for row in rows(tag)] == [row.words for row in rows(tag)]


@pytest.mark.slow
@EACH
def test_they_sound_like_these_words(tag: str) -> None:
    phonemes = [row.phonemes for row in rows(tag)]
    assert [heard(row.sentence, tag) for row in rows(tag)] == phonemes
    assert [heard(row.words, tag) for row in rows(tag)] == phonemes


@EACH
def test_what_is_in_words_stays(tag: str) -> None:
    words = [row.words for row in rows(tag)]
    assert [as_words(one, tag) for one in words] == words


@EACH
def test_there_are_forty_of_each(tag: str) -> None:
    assert len({row.sentence for row in rows(tag)}) >= 40


@EACH
def test_every_word_has_its_place_among_the_phonemes(tag: str) -> None:
    for piece in chain.from_iterable(_g2p(tag).pieces(row.words) for row in rows(tag)):
        told = _g2p(tag).words_of(piece)
        assert all(piece.phonemes[word.first : word.first + word.count].strip() for word in told), piece
        assert " ".join(word.text for word in told).split() == [word.strip(",.:") for word in piece.graphemes.split()]
        assert len(told) >= len(piece.graphemes.split()) - 1, "espeak says two words as one here and there"
