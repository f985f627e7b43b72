"""Words with phonemes of their own, in a sentence that is read as a whole."""

from __future__ import annotations

import pytest

from kokoro_wyoming.audio.word_times import SpokenWord, paired
from kokoro_wyoming.pronunciation.in_context import ReadRun, together, written
from kokoro_wyoming.pronunciation.phonemes import MAX_PHONEMES
from kokoro_wyoming.text.sentences import Run


def read(*runs: Run) -> ReadRun | None:
    """By a G2P whose phonemes are the letters in capitals."""
    text = written(runs)
    return together(runs, text.upper(), paired(text, text.upper()))


def test_given_phonemes_stand_in_the_place_of_the_word_s() -> None:
    found = read(Run("The ", words="The "), Run("red apple", phonemes="ab c"), Run(" is x", words=" is here."))
    assert found is not None
    assert found.phonemes is not None
    assert (found.text, found.phonemes) == ("The red apple is here.", "THE ab c IS HERE.")
    told = {word.text: found.phonemes[word.first : word.first + word.count] for word in found.spoken}
    assert told == {"The": "THE", "red apple": "ab c", "is": "IS", "here": "HERE"}


@pytest.mark.parametrize(
    "runs",
    [
        (Run("dis"), Run("able", phonemes="x"), Run(" it")),
        (Run("a "), Run("b", phonemes="x"), Run("'s c")),
        (Run("a "), Run("...", phonemes="x"), Run(" c")),
        (Run("a "), Run("b", phonemes="x" * MAX_PHONEMES), Run(" c")),
    ],
)
def test_where_it_is_unclear_which_phonemes_are_a_word_s_nothing_is_put_in(runs: tuple[Run, ...]) -> None:
    assert read(*runs) is None


def test_a_g2p_that_tells_other_words_is_not_followed() -> None:
    assert together([Run("a "), Run("b", phonemes="x")], "A C", [SpokenWord("a", 0, 1), SpokenWord("c", 2, 1)]) is None
