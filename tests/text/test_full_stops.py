"""Which full stop ends a sentence: behind letters, behind abbreviations."""

from __future__ import annotations

import pytest

from kokoro_wyoming.text.splitting import SentenceSplitter

_EXAMPLES = (
    # A letter that names something ends a sentence, an initial does not.
    ("Take vitamin C. Drink water.", ["Take vitamin C.", "Drink water."]),
    ("Plan B. Then go.", ["Plan B.", "Then go."]),
    ("Gate C. Boarding now", ["Gate C.", "Boarding now"]),
    ("So do I. Nobody left", ["So do I.", "Nobody left"]),
    ("you and I. Anna left", ["you and I.", "Anna left"]),
    ("J. R. R. Tolkien wrote by I. Newton", ["J. R. R. Tolkien wrote by I. Newton"]),
    ("George W. Bush won. J. A. Smith lost", ["George W. Bush won.", "J. A. Smith lost"]),
    # The next word tells of what may be either.
    ("He had a D.U.I. He left.", ["He had a D.U.I.", "He left."]),
    ("the U.S. Army of the U.S. The door", ["the U.S. Army of the U.S.", "The door"]),
    ("at 5 p.m. on Friday at 5 p.m. The door", ["at 5 p.m. on Friday at 5 p.m.", "The door"]),
    ("Main St. Turn left. St. Louis is far", ["Main St.", "Turn left.", "St. Louis is far"]),
    ("King Jr. He spoke. King Jr. spoke", ["King Jr.", "He spoke.", "King Jr. spoke"]),
    ('in the "U.S." The dog', ['in the "U.S."', "The dog"]),
    ("D.C. It’s on. D.C. Itself", ["D.C.", "It's on.", "D.C. Itself"]),
    ("5th Ave. NW, on 5th Ave. Please go", ["5th Ave. NW, on 5th Ave.", "Please go"]),
    # A title never ends one.
    ("Sgt. Hill, Capt. Wood and Dr. The", ["Sgt. Hill, Capt. Wood and Dr. The"]),
    ("Mr. So and Ms. In here", ["Mr. So and Ms. In here"]),
    ("44 a. C. en EE. UU. es así", ["44 a. C. en EE. UU. es así"]),
)


@pytest.mark.parametrize(("text", "sentences"), _EXAMPLES, ids=[text for text, _ in _EXAMPLES])
def test_a_sentence_ends_where_a_person_would_see_its_end(text: str, sentences: list[str]) -> None:
    for chunks in ([text], [*text]):
        splitter = SentenceSplitter()
        found = [one for chunk in chunks for one in splitter.add(chunk)] + [*splitter.finish()]
        assert found == sentences


def test_a_letter_that_names_something_makes_a_sentence_complete() -> None:
    complete, initial = SentenceSplitter(), SentenceSplitter()
    assert [*complete.add("Take vitamin C. ")] == []
    assert complete.is_complete
    assert [*initial.add("by J. ")] == []
    assert not initial.is_complete
