"""The phonemes of each word in nine languages: as it was written, in its sentence, and fit to be written down again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kokoro_wyoming.builds.v1_0.wrapper import KokoroV1Wrapper
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.lexicon import Lexicon, entry
from kokoro_wyoming.pronunciation.pronounce import AS_USUAL, ReadingOptions
from kokoro_wyoming.pronunciation.readings import WordReading
from kokoro_wyoming.utterances.prerender import sentences
from tests.builds.test_v1_0_g2p import SENTENCES
from tests.corpus import items
from tests.network.test_loading import SHIPPED_CONFIG

OTHER_SOUND = "zˈuzu"
WORDS = 200
"""So many words of each language are written down."""


@pytest.fixture(scope="module")
def release() -> KokoroV1Wrapper:
    """A release without weights: its G2P needs none."""
    return KokoroV1Wrapper(SHIPPED_CONFIG, "no-weights.pth")


def words_of(release: KokoroV1Wrapper, text: str, tag: str, options: ReadingOptions = AS_USUAL) -> list[WordReading]:
    return [word for one in sentences(text) for word in release.reading(one.runs, tag, options).words]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tag", "word"),
    [
        ("en-US", "kitchen"),
        ("en-GB", "order"),
        ("es-ES", "puerta"),
        ("fr-FR", "porte"),
        ("hi-IN", "दरवाज़ा"),
        ("it-IT", "luce"),
        ("ja-JP", "電気"),
        ("pt-BR", "porta"),
        ("zh-CN", "厨房"),
    ],
)
def test_a_word_corrected_in_the_markup_or_the_lexicon_sounds_otherwise_and_all_others_stay(
    tag: str, word: str, release: KokoroV1Wrapper
) -> None:
    text = SENTENCES[tag]
    before = {one.text: one.phonemes for one in words_of(release, text, tag)}
    assert before[word] != OTHER_SOUND
    corrected = words_of(release, text.replace(word, f"[{word}](/{OTHER_SOUND}/)"), tag)
    assert {one.text: one.phonemes for one in corrected} == {**before, word: OTHER_SOUND}
    lexicon = ReadingOptions(Lexicon({tag: {word: f"/{OTHER_SOUND}/"}}))
    assert words_of(release, text, tag, lexicon) == corrected


@pytest.mark.long
@pytest.mark.parametrize("tag", TAGS)
def test_what_is_shown_of_a_word_gives_the_same_sound_in_the_lexicon_and_in_the_markup(
    tag: str, release: KokoroV1Wrapper
) -> None:
    words = dict.fromkeys(word for item in items(tag) for word in words_of(release, item.text, tag))
    # A full stop would be a sentence's end; English has sounds of its own for what other languages' words have.
    told = [word for word in words if "." not in word.text and any(map(str.isalnum, word.text))]
    told = [word for word in told if tag[:2] != "en" or word.text.isascii()][:WORDS]
    assert len(told) > 0.8 * WORDS
    for word in told:
        options = ReadingOptions(Lexicon({tag: {word.text: entry(word.text, f"/{word.phonemes}/")}}))
        assert _sound(words_of(release, word.text, tag, options)) == word.phonemes
        if word.phonemes.casefold() != word.text.casefold():  # `[la](/la/)` is a link
            assert _sound(words_of(release, f"[{word.text}](/{word.phonemes}/)", tag)) == word.phonemes


def _sound(words: list[WordReading]) -> str:
    return " ".join(word.phonemes for word in words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("At 6:45 pm it's 21.5 °C.", "en-US", ["At", "6:45", "pm", "it's", "21.5 °C"]),
        ("Son 23, sí.", "es-ES", ["Son", "23", "sí"]),
        ("気温は21.5℃です。", "ja-JP", ["気温", "は", "21.5℃", "です"]),
        ("学校へ行ってきた。", "ja-JP", ["学校", "へ", "行って", "きた"]),
        ("今天21.5°C，很好。", "zh-CN", ["今天", "21.5°C", "很", "好"]),
        ("The word 東京 means Tokyo.", "en-US", ["The", "word", "東京", "means", "Tokyo"]),
    ],
)
def test_words_are_told_as_they_were_written(
    text: str, tag: str, expected: list[str], release: KokoroV1Wrapper
) -> None:
    assert [word.text for word in words_of(release, text, tag)] == expected


def test_the_vowel_of_the_goes_by_the_sound_of_the_word_behind_it(release: KokoroV1Wrapper) -> None:
    def the(text: str) -> str:
        return words_of(release, text, "en-US")[0].phonemes

    assert the("The apple.") == the("The [apple](/ˈæpəl/).") != the("The pear.")


def test_a_whole_reading_has_the_words_in_order_and_an_integer_for_each_symbol(release: KokoroV1Wrapper) -> None:
    (sentence,) = sentences("Well, [Siobhan](/ʃɪvˈɔn/) is here.")
    reading = release.reading(sentence.runs, "en-US")
    assert "ʃɪvˈɔn" in reading.phonemes
    assert list(_places(reading.phonemes, [word.phonemes for word in reading.words])) != []
    assert reading.token_ids == tuple(release.vocabulary[symbol] for symbol in reading.phonemes)


def _places(phonemes: str, words: list[str]) -> Iterator[int]:
    at = 0
    for word in words:
        at = phonemes.index(word, at)
        yield at
        at += len(word)
