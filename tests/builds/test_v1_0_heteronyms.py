"""The table of words with one spelling and several sounds: that it is whole, and that each of its rows can count."""

from __future__ import annotations

from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest

from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.builds.v1_0.heteronyms import DEFAULT, EVERY, table
from kokoro_wyoming.builds.v1_0.rare_words import mend
from kokoro_wyoming.network.loading import read_config
from tests.network.test_loading import SHIPPED_CONFIG

RULES = [*dict.fromkeys(rule for rules in table().rules.values() for rule in rules)]
PLACES = {"tag", "prev", "next", "aux", "near", "-1", "-2", "+1", "+2"}


@pytest.fixture(scope="module", params=["a", "b"])
def english(request: pytest.FixtureRequest) -> Any:
    """misaki's English, American and British."""
    return g2p.make_quiet_pipeline(request.param).g2p


def _sound(english: Any, text: str, word: str) -> str:
    return str(next(token.phonemes for token in english(text)[1] if token.text == word))


def test_the_network_knows_each_symbol() -> None:
    vocabulary = read_config(SHIPPED_CONFIG)["vocab"]
    for sound in table().sounds:
        assert set(sound.american.replace("ɾ", "T") + sound.british) <= set(vocabulary)


def test_each_word_has_a_default_and_the_sound_of_every_tag_of_our_own(english: Any) -> None:
    own = {sound.tag for sound in table().sounds}
    for rule in RULES:
        for word in rule.words:
            sounds = english.lexicon.golds.get(word) or english.lexicon.get_word(word, None, None, None)[0]
            assert word == EVERY or sounds
            if word != EVERY and isinstance(sounds, dict):
                assert sounds[DEFAULT]
            assert rule.tag not in own - {"VERB", "NOUN", "VBD"} or sounds[rule.tag]


def test_each_row_can_hold() -> None:
    """It asks for known places, for something at each, and for phrases around the word alone."""
    for condition in chain.from_iterable(rule.conditions for rule in RULES):
        assert condition.place in PLACES, condition
        assert condition.wanted or condition.phrases
        assert not condition.phrases or condition.place == "near"
        assert not any(one.startswith("@") for one in condition.wanted)
        assert all(one in (one.lower(), one.upper()) for one in condition.wanted)
        assert not any("'" in one[1:] for one in condition.wanted - {"n't"}), "spaCy cuts let's in two"


def test_no_row_follows_one_that_always_holds_or_is_the_same() -> None:
    for word, rules in table().rules.items():
        assert all(rule.conditions for rule in rules[:-1]), word
        assert len({rule.conditions for rule in rules}) == len(rules), word


@pytest.mark.slow
def test_word_times_are_those_of_what_is_spoken() -> None:
    pipeline = g2p.make_quiet_pipeline("a")
    (piece,) = g2p.phonemize(pipeline, "I read it yesterday, near the lead pipe.")
    spoken = {word.text: piece.phonemes[word.first : word.first + word.count] for word in g2p.words_of(pipeline, piece)}
    assert (spoken["read"], spoken["lead"]) == ("ɹˈɛd", "lˈɛd")


def test_asked_phonemes_stay(english: Any) -> None:
    assert _sound(english, "I [read](/ɹˈid/) it yesterday.", "read") == "ɹˈid"


@pytest.mark.slow
@pytest.mark.parametrize(("word", "tag", "by_espeak", "said"), [
    ("Loomis", "NNP", "lˈumiz", "lˈumɪs"),
    ("Loomis", "NNPS", "lˈumiz", "lˈumiz"),
    ("Ferraris", "NNP", "fəɹˈɑɹiz", "fəɹˈɑɹiz"),
    ("schoolchildren", "NNS", "by espeak", "by espeak"),
    ("betaretrovirus", "NN", "lost", "bˌAɾəɹˈɛtɹOvˌIɹəs"),
])  # fmt: skip
def test_espeak_reads_what_nobody_knows_better(word: str, tag: str, by_espeak: str, said: str) -> None:
    lexicon = g2p.make_quiet_pipeline("a").g2p.lexicon
    with_espeak = SimpleNamespace(lexicon=lexicon, fallback=lambda _: (by_espeak, 1))
    mend(with_espeak)
    assert with_espeak.fallback(SimpleNamespace(text=word, tag=tag))[0] == said
