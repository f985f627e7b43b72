"""However a text is made, a long one costs by the character what a short one does, and nobody waits for it."""

from __future__ import annotations

import pytest

from kokoro_wyoming.text.ssml.reader import MAX_WORDS_CHARS
from tests.linearity import PATTERNS, QUICK, Pattern, compare, cost


@pytest.mark.slow
@pytest.mark.parametrize("pattern", QUICK, ids=str)
def test_a_text_of_any_kind_costs_the_same_by_the_character(pattern: Pattern) -> None:
    assert compare(pattern, 1_500, 15_000).fault is None


@pytest.mark.long
@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_the_longest_text_of_any_kind_costs_the_same_by_the_character_and_holds_nobody_up(pattern: Pattern) -> None:
    # One of each kind as long as a text may be; for the others less shows what grows.
    found = compare(pattern) if pattern in QUICK else compare(pattern, 4_000, 40_000)
    assert found.fault is None
    assert found.long.longest_chars <= MAX_WORDS_CHARS


@pytest.mark.parametrize("unit", ["<b>", " ", "<!-- x -->", "[pause:0]", "a, "])
def test_others_have_their_turn_while_a_long_text_is_read(unit: str) -> None:
    assert cost(Pattern(unit).text(20_000)).steps >= 200
