"""French words that espeak takes for English ones, and English ones in French sounds."""

from __future__ import annotations

import pytest

from kokoro_wyoming.builds.v1_0.french import in_french_sounds, respelled
from tests.pronunciation.reading import sounds


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("authentique", "otɑ̃tˈik"),
        ("mythe", "mˈit"),
        ("algorithme", "alɡoʁˈitm"),
        ("rythme", "ʁˈitm"),
        ("méthane", "metˈan"),
        ("labyrinthe", "labiʁˈɛ̃t"),
        ("lithium", "litjˈɔm"),
        ("zénith", "zenˈit"),
        ("éther", "etˈɛʁ"),
        ("Arthur", "aʁtˈyʁ"),
        ("Jérémy", "ʒeʁemˈi"),
        ("Annecy", "ansˈi"),
        ("mal au dos", "mˈal o dˈoː"),
        ("parallélépipède", "paʁalelepipˈɛd"),
        ("calife", "kalˈif"),
        ("emprunts", "ɑ̃pʁˈœ̃"),
        ("il s'assied", "il sasjˈe"),
        ("l'algorithme", "lalɡoʁˈitm"),
        ("L’ALGORITHME", "lalɡoʁˈitm"),
        ("le p'tit", "lə ptˈi"),
        ("maghrébin", "maɡʁebˈɛ̃"),
        ("Wikipédia", "wikipedjˈa"),
        ("Léopold", "leopˈɔld"),
        ("Yaoundé", "jaundˈe"),
        ("scotché", "skotʃˈe"),
        ("asthme", "ˈasm"),
        ("thermostat", "tɛʁmostˈa"),
    ],
)
def test_a_french_word_is_french(written: str, heard: str) -> None:
    assert sounds(written, "fr-FR") == heard


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("le parking", "lə paʁkˈiŋ"),
        ("le week-end", "lə wikˈɛnd"),
        ("un meeting", "œ̃ mitˈiŋ"),
        ("le jogging", "lə ʤɔɡˈiŋ"),
        ("le leader", "lə lidˈœʁ"),
        ("un cake", "œ̃ kˈɛk"),
        ("le software", "lə sɔftwˈɛʁ"),
        ("York", "jˈɔʁk"),
        ("The Voice", "zə vˈɔjs"),
        ("l'update", "lœpdˈɛt"),
    ],
)
def test_an_english_word_is_said_as_in_french(written: str, heard: str) -> None:
    assert sounds(written, "fr-FR") == heard


@pytest.mark.parametrize("word", ["the", "with", "Smith", "mother", "north", "thriller", "policy", "parking", "maison"])
def test_english_words_and_french_ones_without_a_pitfall_stay_as_written(word: str) -> None:
    assert respelled(word) in (word, word.lower())


def test_brackets_are_no_flags_and_greek_letters_lose_theirs() -> None:
    assert sounds("parking (en ville), ω (la)", "fr-FR").split() == ["paʁkˈiŋ", "ɑ̃", "vˈil", "omˈeɣa", "lˈa"]


def test_each_word_has_one_stress_at_its_end() -> None:
    assert in_french_sounds("ɡˈe^ɪm ɒv θɹˈə^ʊnz") == "ɡˈɛm ˈɔv sʁˈonz"
