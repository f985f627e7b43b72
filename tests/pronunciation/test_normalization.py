"""Numbers, dates, times, money, units and signs in words, in nine languages."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.builds.v0_19.wording import spoken_form
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.normalization import as_words
from tests.examples import examples
from tests.pronunciation.normalization_examples import EXAMPLES

OTHERS = ("de-DE", "nl-NL", "sv-SE", "pl-PL", "pt-PT")
"""Languages beside the nine that have rules of their own."""

tags = st.sampled_from(TAGS)
TYPED = st.text(
    st.sampled_from(
        "0123456789" * 2 + " " * 6 + ".,:;/-–−+%°C€$£¥²³#&=@~<>±½xhmskWgLAVTZµ()'年月日時分点度円元.अपघdeleÀéª№" + "\n"
    )
)


@pytest.mark.parametrize("tag", TAGS)
def test_it_is_said_as_a_person_would_say_it(tag: str) -> None:
    assert [(written, as_words(written, tag)) for written, _ in EXAMPLES[tag]] == EXAMPLES[tag]


@pytest.mark.parametrize("tag", TAGS)
def test_what_is_in_words_stays(tag: str) -> None:
    for _, said in EXAMPLES[tag]:
        assert as_words(said, tag) == said


@pytest.mark.slow
@examples(400)
@given(TYPED | st.text(max_size=80), tags)
def test_any_text_can_be_said(text: str, tag: str) -> None:
    as_words(text, tag)


@pytest.mark.slow
@examples(200)
@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=12), max_size=8), tags)
def test_words_keep_their_letters(words: list[str], tag: str) -> None:
    text = " ".join(words)
    # A few words are abbreviations, or digits and units to Unicode; every other letter stays where it was.
    plain = [word for word in words if len(word) > 4 and unicodedata.normalize("NFKC", word) == word]
    said = as_words(text, tag).replace(" ", "")
    assert all(word.replace(" ", "") in said for word in plain)


@pytest.mark.slow
@pytest.mark.parametrize("sign", "0123456789.,:/-–%°$€#x+=&~<½ ")
def test_endless_signs_are_read_at_once(sign: str) -> None:
    for text in (sign * 300, f"1{sign}" * 150, f"111{sign}" * 75, f"1{sign}1" * 100, f"a{sign}" * 150):
        for tag in (*TAGS, *OTHERS):
            assert as_words(text, tag) or not text.strip()


@pytest.mark.parametrize(
    "text", ["It took 20 mins.", "He left on 3 May.", "We open at 2 hrs.", "It weighs 3 lb.", "I met Al Jr."]
)
def test_a_full_stop_that_ends_the_text_stays(text: str) -> None:
    assert as_words(text, "en-GB").endswith(".")


def test_a_language_without_rules_is_left_alone() -> None:
    assert as_words("21.5 °C", "tlh") == "21.5 °C"


@pytest.mark.parametrize("tag", ["en-US", "en-GB"])
def test_it_goes_before_the_words_of_the_first_release(tag: str) -> None:
    for _, said in EXAMPLES[tag]:
        letters = re.sub(r"[^a-z]", "", spoken_form(said).lower())
        assert len(letters) >= len(re.sub(r"[^a-z]", "", said.lower()))
