"""Laws of the text's way to the engine."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.text import marks
from kokoro_wyoming.text import splitting as splitting
from kokoro_wyoming.text.cleaning import clean, composed
from kokoro_wyoming.text.splitting import MAX_PIECE_CHARS, MarkupOptions, SentenceSplitter
from tests.examples import examples

_WORDS = (
    *("Hello", "there", "Mr.", "U.S.", "e.g.", "3.5", "No", "don’t", "**bold**", "*so*", "naïve", "¿Qué?", "«Oui»"),
    *(
        "vitamin C.",
        "J.",
        "p.m.",
        "The",
        "St.",
        "(see [1])",
        "[3]",
        "【4†a】",
        "it′s",
        "<think>",
        "</think>",
        "✅",
        "n\u0303",
    ),
    *("नमस्ते", "है।", "क्षेत्र", "今日は", "天気。", "他说：“好。”", "……", "真的？！", "हाँ॥", "안녕", "a" * 40, "好" * 90),
)
_MARKS = (
    " ",
    " ",
    " ",
    ". ",
    "! ",
    "? ",
    "…",
    "…? ",
    ".\n",
    "\n\n",
    "\r\n\r\n",
    ", ",
    "。",
    "！",
    "」",
    '." ',
    " 1. ",
    "",
)
_ANYTHING = st.text(
    st.one_of(
        st.sampled_from(" \n.!?…。！？”」\"')।,:1Aaß好は\u0301\u200d\u094d*"),
        st.characters(codec="utf-8"),
    ),
    max_size=700,
)
_PROSE = st.lists(st.sampled_from((*_WORDS, *_MARKS)), max_size=200).map("".join)
TEXTS = st.one_of(_PROSE, _ANYTHING)


def _cut(text: str, borders: list[int]) -> list[str]:
    edges = [0, *sorted(border % (len(text) + 1) for border in borders), len(text)]
    return [text[begin:end] for begin, end in pairwise(edges)]


def _split(*chunks: str, markup: bool = True) -> list[str]:
    splitter = SentenceSplitter(markup=MarkupOptions(enabled=markup))
    return [sentence for chunk in chunks for sentence in splitter.add(chunk)] + list(splitter.finish())


def _said(words: str, phonemes: str) -> str:
    return marks.said(words, "phonemes", phonemes)


def _ink(text: str) -> str:
    """What must not be lost: all but white space."""
    return re.sub(r"\s", "", composed(clean(text)))


@pytest.mark.slow
@examples(150)
@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=12))
def test_chunk_borders_never_change_the_sentences(text: str, borders: list[int]) -> None:
    whole = _split(text)
    assert _split(*_cut(text, borders)) == whole
    assert _split(*text) == whole


@examples(150)
@given(TEXTS)
def test_no_character_is_lost_and_no_piece_is_too_long(text: str) -> None:
    pieces = _split(text, markup=False)
    assert _ink("".join(pieces)) == _ink(text)
    assert all(0 < len(piece) <= MAX_PIECE_CHARS for piece in pieces)
    assert all(piece == piece.strip() for piece in pieces)


@examples(50)
@given(TEXTS, TEXTS)
def test_what_comes_later_never_changes_a_sentence_given_out(text: str, more: str) -> None:
    early = list(SentenceSplitter().add(text))
    assert _split(text + more)[: len(early)] == early


@examples(150)
@given(TEXTS)
def test_the_detector_is_asked_wherever_it_would_find_something(text: str) -> None:
    with pytest.MonkeyPatch.context() as everywhere:
        everywhere.setattr(splitting, "_may_decide", lambda _, character: character not in splitting._NEVER_DECISIVE)
        sentences = _split(text)
    assert _split(text) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you? Fine", ["Hello there.", "How are you?", "Fine"]),
        ("Dr. Who is here. She left", ["Dr. Who is here.", "She left"]),
        ("It costs 3.50 euros, e.g. here. Yes", ["It costs 3.50 euros, e.g. here.", "Yes"]),
        ("Hola. ¿Qué tal? ¡Bien! Sí", ["Hola.", "¿Qué tal?", "¡Bien!", "Sí"]),
        ("Il est parti. « Oui », dit-elle. “Ah", ["Il est parti.", "« Oui », dit-elle.", "“Ah"]),
        ("Really…? So… it is", ["Really…?", "So… it is"]),
        ("Yes. I will. No. Why.", ["Yes.", "I will.", "No.", "Why."]),
        ("Mr. Smith met Dr. No. El Sr. Paz", ["Mr. Smith met Dr. No.", "El Sr. Paz"]),
        ("J. R. Tolkien, z.B. Hier. It took 5 ms. Then", ["J. R. Tolkien, z.B. Hier.", "It took 5 ms.", "Then"]),
        ("# List\nmilk\neggs", ["List", "milk", "eggs"]),
        ("Wait [pause:1] now. Go", ["Wait", marks.pause(1), "now.", "Go"]),
        ("So. [Mx. A](/ɛ/). [B](/bˈi/)", ["So.", f"{_said('Mx. A', 'ɛ')}.", _said("B", "bˈi")]),
        ("他说：“好。”走了。再见！", ["他说：“好。”", "走了。", "再见！"]),
        ("今日は晴れ｡明日は雨", ["今日は晴れ｡", "明日は雨"]),
        ("नमस्ते। आप कैसे हैं? ठीक", ["नमस्ते।", "आप कैसे हैं?", "ठीक"]),
        ("One\n\nTwo\r\n\r\nThree", ["One", "Two", "Three"]),
        ("**Well.** It's *so*, in**ter**nal", ["Well.", "It's so, internal"]),
        ("2 * 3 * 4, 2*3 and 2**3", ["2 * 3 * 4, 2*3 and 2**3"]),
        ("* milk\n* eggs", ["milk", "eggs"]),
        ("", []),
        (" \n\t ", []),
        ("\u200b\ufeff\x00", []),
    ],
)
def test_sentences_are_those_a_person_would_see(text: str, sentences: list[str]) -> None:
    assert _split(text) == sentences


def test_a_sentence_is_given_out_as_soon_as_the_next_begins() -> None:
    splitter = SentenceSplitter()
    assert list(splitter.add("The door is open. ")) == []
    assert list(splitter.add("I ")) == ["The door is open."]


@pytest.mark.parametrize("text", ["The door is open. N", "Hi! W", "好。走", 'He said "Hi." N', "है। आ", "So…? N"])
def test_reading_markup_delays_no_sentence_of_plain_text(text: str) -> None:
    for markup in (True, False):
        splitter = SentenceSplitter(markup=MarkupOptions(enabled=markup))
        before = [one for character in text[:-1] for one in splitter.add(character)]
        # A mark may follow the letter, so the next character is waited for.
        assert (before, len(list(splitter.add(text[-1] + "o")))) == ([], 1), markup


@examples(60)
@given(st.lists(st.sampled_from(("word ", "好", "a" * 40, "? B", "[x y](/ɛ ɛ/)", "[pause:1]", ", ")), max_size=120))
def test_no_mark_is_ever_cut(parts: list[str]) -> None:
    for piece in _split("".join(parts)):
        assert piece.count(marks.BEGIN) == piece.count(marks.SAID)
        assert piece.count(marks.OPEN) in (0, 1)
        assert (marks.OPEN in piece) == piece.startswith(marks.OPEN)
        assert piece.count(marks.CLOSE) == piece.count(marks.BEGIN) + piece.count(marks.OPEN)


def test_a_splitter_can_be_used_again_after_the_end() -> None:
    splitter = SentenceSplitter()
    assert [*splitter.add("First. T"), *splitter.finish()] == ["First.", "T"]
    assert [*splitter.add("Two"), *splitter.finish()] == ["Two"]


def test_a_long_text_is_cut_after_a_clause_rather_than_a_word() -> None:
    clause = "they all went on " * 14 + "for a while, "
    first, *_ = _split(clause + "then " * 40)
    assert first == clause.strip()


def test_a_comma_inside_a_number_is_no_clause() -> None:
    text = "word " * 40 + "1,000 " + "word " * 60
    assert _split(text)[0].endswith("word")
    assert not any(piece.endswith("1,") for piece in _split(text))


def test_a_script_without_spaces_is_cut_at_its_own_commas() -> None:
    assert _split("好" * 200 + "，" + "好" * 200) == ["好" * 200 + "，", "好" * 200]


@pytest.mark.parametrize("syllable", ["क्षि", "q\u0301\u0302", "ก็"])
def test_a_letter_is_never_parted_from_its_marks(syllable: str) -> None:
    pieces = _split(syllable * 300)
    assert all(piece.startswith(syllable[0]) and piece.endswith(syllable) for piece in pieces)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 5000,
        "[" * 6000,
        "7" * 600,
        "\u0301" * 3000,
        "\u200d" * 3000,
        "क\u094d\u200d" * 1000,
        "." * 5000,
        ". " * 2500,
        "A. " * 2000,
        "\n" * 5000,
        "。" * 5000,
    ],
    ids=lambda text: repr(text[:3]),
)
def test_rude_texts_are_cut_into_pieces(text: str) -> None:
    pieces = _split(text, markup=False)
    assert all(len(piece) <= MAX_PIECE_CHARS for piece in pieces)
    assert _ink("".join(pieces)) == _ink(text)


def test_neighbouring_spans_are_cut_between_two_of_them() -> None:
    pieces = _split(f"[ab](/{'ɛ' * 20}/)" * 1_000)
    assert "".join(pieces) == _said("ab", "ɛ" * 20) * 1_000
    assert all(piece.startswith(marks.BEGIN) and piece.endswith(marks.CLOSE) for piece in pieces)
    assert max(map(len, pieces)) <= 5 * MAX_PIECE_CHARS


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["\u200d", "\u0301", "a", "a ", "! ", "क\u094d", "[a](/b/)", f"[a](/{'b' * 200}/) "])
def test_no_text_is_searched_again_and_again(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    searched_chars = 0
    last_break, decided = splitting._last_break, SentenceSplitter._decided_chars

    def counted_break(seen: str) -> int:
        nonlocal searched_chars
        searched_chars += len(seen)
        return last_break(seen)

    def counted_decision(self: SentenceSplitter) -> int:
        nonlocal searched_chars
        searched_chars += len(self._unseen) + len(self._detector.remaining_text)
        return decided(self)

    monkeypatch.setattr(splitting, "_last_break", counted_break)
    monkeypatch.setattr(SentenceSplitter, "_decided_chars", counted_decision)
    whole = unit * (20_000 // len(unit))
    _split(whole)
    assert searched_chars <= MAX_PIECE_CHARS * len(whole)


def test_the_splitter_never_holds_more_than_a_piece() -> None:
    splitter = SentenceSplitter()
    for _ in range(200):
        list(splitter.add("never ending " * 10))
        assert len(splitter._pending) <= MAX_PIECE_CHARS


def test_surrogates_and_control_characters_are_dropped_and_apostrophes_straightened() -> None:
    assert clean("a\ud83db\x00c\x1bd’s\u00ad\u200b") == "abcd's"
    assert clean("\t\n") == "\t\n"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            "The front door of the house is still open, and the kitchen light is on as well.",
            "The front door of the house is still open,",
        ),
        ("The front door of the house is still open, so close it.", None),
        ("Well, the door is open, and nobody in the whole house seems to know.", None),
        ("There are 1,000,000 reasons for which nobody should ever have to wait for this.", None),
        ("今天下午天气晴朗气温二十三度，晚上可能会有小雨请记得带伞。", "今天下午天气晴朗气温二十三度，"),
    ],
)
def test_the_first_clause_of_a_long_first_sentence_is_a_piece_of_its_own(text: str, first: str | None) -> None:
    splitter = SentenceSplitter()
    pieces = [*splitter.add(text), *splitter.finish()]
    assert pieces[0] == (first or text)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_a_long_sentence_behind_a_few_words_is_cut_as_a_first_one_is() -> None:
    first, rest = "The front door of the house is still open,", "and the kitchen light is on as well as the little lamp"
    longer = f"{rest} of the hall in which your coat hangs."
    assert _split(f"Oh no! {first} {longer} {first} {longer}") == ["Oh no!", first, longer, f"{first} {longer}"]
    assert _split(f"Oh no! {first} {rest}.") == ["Oh no!", f"{first} {rest}."]
    unmarked = f"the lamp of the hall in which your coat hangs on the wall is lit {longer}"
    assert _split(f"Oh no! The light and {unmarked}")[1].endswith("is lit")


def test_only_the_first_sentence_is_cut_at_a_clause_and_only_if_wanted() -> None:
    long = "The front door of the house is still open, and the kitchen light is on as well."
    splitter = SentenceSplitter()
    assert [*splitter.add(f"Good morning. {long} {long}"), *splitter.finish()] == ["Good morning.", long, long]
    assert [*splitter.add(long), *splitter.finish()][0] != long  # the next utterance has a first clause again
    whole = SentenceSplitter(clause_first=False)
    assert [*whole.add(long), *whole.finish()] == [long]


@given(st.data())
def test_where_a_paragraph_begins_is_known_however_the_text_is_cut(data: st.DataObject) -> None:
    text = "One is here.\n\nTwo is here. Three\r\n\r\nFour is here.\nFive is here.\n \nSix 好。\n\n七。"
    chunks = _cut(text, data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    splitter = SentenceSplitter()
    found = [(sentence, splitter.begins_paragraph) for chunk in chunks for sentence in splitter.add(chunk)]
    found += [(sentence, splitter.begins_paragraph) for sentence in splitter.finish()]
    assert [sentence.split()[0] for sentence, begins in found if begins] == ["Two", "Four", "Six", "七。"]


# When no more text comes for now


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Checking your calendar. ", "Checking your calendar."),
        ("Checking your calendar.", "Checking your calendar."),
        ("Is it open?", "Is it open?"),
        ("**Done!**", "Done!"),
        ("**Done!** ", "Done!"),
        ('He said "stop."', 'He said "stop."'),
        ("Hmm...", "Hmm…"),
        ("All done! 😊", "All done!"),
        ("了解。", "了解。"),
        ("「はい。」", "「はい。」"),
        ("ठीक है।", "ठीक है।"),
        ("I see (really). ", "I see (really)."),
        ("There are 3. ", "There are 3."),
        ("It is 7 p.m. ", None),
        ("It is 21.", None),
        ("Ask Dr. ", None),
        ("Ask J. ", None),
        ("1. ", None),
        ("Well, ", None),
        ("Let me see", None),
        ("See [this.", None),
        ("Look at `this. ", "Look at this."),
        ("", None),
        (" \n", None),
    ],
)
def test_what_is_complete_is_given_when_no_more_text_comes(text: str, said: str | None) -> None:
    splitter = SentenceSplitter()
    given_before = [sentence for character in text for sentence in splitter.add(character)]
    assert given_before == []
    assert splitter.is_complete == (said is not None)
    assert list(splitter.settle()) == ([] if said is None else [said])
    assert not splitter.is_complete


def test_emphasis_that_opens_behind_a_complete_sentence_is_read_with_what_follows() -> None:
    splitter = SentenceSplitter()
    assert list(splitter.add("Done. **")) == []
    assert list(splitter.settle()) == ["Done."]
    assert [*splitter.add("Next** one."), *splitter.finish()] == ["Next one."]


@given(st.lists(st.sampled_from(["Yes. ", "It is 3.", "5 m. ", "**No!** ", "See `a.b`. ", "\n", "Dr. ", "x", "😊"])))
def test_settling_loses_nothing_and_ends_no_sentence_that_is_not_complete(chunks: list[str]) -> None:
    settled, plain = SentenceSplitter(), SentenceSplitter()
    with_rests: list[str] = []
    for chunk in chunks:
        with_rests += [*settled.add(chunk), *settled.settle()]
    with_rests += settled.finish()
    without = [sentence for chunk in chunks for sentence in plain.add(chunk)] + [*plain.finish()]
    assert "".join("".join(with_rests).split()) == "".join("".join(without).split())
    assert len(with_rests) >= len(without)
