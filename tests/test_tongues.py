"""Foreign letters inside a sentence: whose they are, and that no sound of them is lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kokoro_wyoming import builds, ipa, reading, tongues
from kokoro_wyoming.builds.v1_0.wrapper import KokoroV1Wrapper
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.phonemes import MAX_PHONEMES, Phonemes, has_sound, of_runs
from kokoro_wyoming.roles import Role
from kokoro_wyoming.script import Run, plain
from kokoro_wyoming.speech import VoiceRequest
from tests.beep_engine import BeepEngine
from tests.beep_house import chunk, open_house, start, stop, synthesize
from tests.listening import Ears, say

CONFIG = Path(builds.__file__).parent / "v1_0" / "config.json"
VOCABULARY = json.loads(CONFIG.read_text())["vocab"]
READABLE = (*TAGS, *tongues.FOREIGN)


def parts(text: str, language: str, *, units_stay: bool = False) -> list[tuple[str, str | None]]:
    found = tongues.split(Run(text), language, READABLE, units_stay=units_stay)
    return [(run.text, run.language) for run in found]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ja-JP", "今日はWi-Fiが使えません。", ["今日は", "en-US:Wi-Fi", "が使えません。"]),
        ("ja-JP", "iPhone 15 Proを", ["en-US:iPhone 15 Pro", "を"]),
        ("ja-JP", "MP3とαです", ["en-US:MP3", "と", "en-US:α", "です"]),
        ("ja-JP", "请打开灯", ["zh-CN:请打开灯"]),
        ("zh-CN", "请打开Netflix", ["请打开", "en-US:Netflix"]),
        ("zh-CN", "去カラオケ", ["去", "ja-JP:カラオケ"]),
        ("zh-CN", "他说「今日はいい天気」", ["他说「", "ja-JP:今日はいい天気", "」"]),
        ("hi-IN", "मुझे Netflix देखना है", ["मुझे Netflix देखना है"]),
        ("en-US", "The word 東京 means Tokyo.", ["The word ", "ja-JP:東京", " means Tokyo."]),
        ("en-GB", "你好 is hello", ["zh-CN:你好", " is hello"]),
        ("fr-FR", "C'est 7時30分.", ["C'est ", "ja-JP:7時30分", "."]),
        ("es-ES", "नमस्ते significa hola", ["hi-IN:नमस्ते", " significa hola"]),
        ("en-US", "Привет, мир!", ["ru:Привет", ", ", "ru:мир", "!"]),
        ("it-IT", "안녕하세요 ciao", ["ko:안녕하세요", " ciao"]),
        ("pt-BR", "μ e Ω", ["μ e Ω"]),
        ("en-US", "naïve café, 21.5 °C!", ["naïve café, 21.5 °C!"]),
        ("en-US", "", [""]),
    ],
)
def test_words_in_foreign_letters_are_runs_of_their_language(language: str, text: str, expected: list[str]) -> None:
    assert [f"{tag}:{part}" if tag else part for part, tag in parts(text, language)] == expected


def test_a_unit_stays_with_its_number_until_it_is_in_words() -> None:
    text = "気温は21 °C、3kWh、5km/h、USBは2"
    stay = parts(text, "ja-JP", units_stay=True)
    assert [part for part, tag in stay if tag] == ["USB"]
    assert [part for part, tag in parts(text, "ja-JP") if tag] == ["C", "3kWh", "5km/h", "USB"]


def test_what_is_not_installed_is_left_to_the_sentence_s_language() -> None:
    (run,) = tongues.split(Run("The word 東京"), "en-US", ["en-US"])
    assert run == Run("The word 東京")


_MIXED = st.text(
    st.sampled_from("aZ é1 9.,!?-'()km°今日はカ漢请们नमп한α。、\n\u200d") | st.characters(exclude_categories=["Cs"]),
    max_size=60,
)


@given(_MIXED, st.sampled_from(TAGS), st.booleans())
@example("A0Ͱ", "ja-JP", False)
def test_no_character_is_lost_by_the_splitting(text: str, language: str, units_stay: bool) -> None:
    assert "".join(part for part, _ in parts(text, language, units_stay=units_stay)) == text


# Which language a text tells


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("今日はいい天気です。", "ja-JP"),
        ("Wi-Fiが使えません。", "ja-JP"),
        ("前门开着，厨房的灯还亮着。", "zh-CN"),
        ("请打开Netflix", "zh-CN"),
        ("मुझे Netflix देखना है", "hi-IN"),
        ("The word 東京 means Tokyo.", None),
        ("Привет", None),
        ("Bonjour", None),
        ("12:30", None),
        ("", None),
    ],
)
def test_kana_han_and_devanagari_tell_the_language(text: str, tag: str | None) -> None:
    assert tongues.language_of(text) == tag


async def test_the_first_sentence_decides_who_speaks_where_the_client_does_not() -> None:
    engine = BeepEngine()
    async with open_house(engine) as house:
        await house.ask([synthesize("こんにちは。 Hello there.")])
        await house.ask([start(), *map(chunk, "こんにちは。 Hello there."), stop()])
        await house.ask([synthesize("Hello there. こんにちは。")])
        await house.ask([synthesize("こんにちは。", {"name": "beep"})])
        await house.ask([synthesize("こんにちは。", {"language": "en-GB"})])
        await house.ask([synthesize("नमस्ते।")])
    assert [voice.name for _, voice in engine.said] == [*["pii"] * 4, "beep", "beep", "beep", "boop", "beep"]


def test_the_text_decides_nothing_where_the_owner_does_not_want_it() -> None:
    role = Role(BeepEngine(), VoiceRequest(), language_from_text=False)
    assert role.voice_of(plain("こんにちは。")).name == "beep"


# Every sound, once and in order


def _letters(run: Run) -> Iterable[Phonemes]:
    """A G2P whose phonemes are the letters, in pieces of at most 150."""
    text = run.words if run.words is not None else run.text
    yield from (Phonemes(text[at : at + 150], text[at : at + 150]) for at in range(0, len(text), 150))


_RUNS = st.lists(
    st.builds(
        Run,
        st.text(st.sampled_from("ab東 .।。!"), max_size=300),
        language=st.sampled_from([None, "ja-JP"]),
        phonemes=st.none() | st.text(st.sampled_from("xyz "), min_size=1, max_size=900),
    ),
    max_size=6,
)


@given(_RUNS)
def test_every_phoneme_of_every_run_is_in_one_piece_that_fits(runs: list[Run]) -> None:
    pieces = list(of_runs(runs, lambda run: iter(_letters(run))))
    assert all(len(piece.phonemes) <= MAX_PHONEMES and has_sound(piece.phonemes) for piece in pieces)
    wanted = "".join(run.text if run.phonemes is None else run.phonemes for run in runs)
    spoken = "".join(piece.phonemes for piece in pieces)
    assert [symbol for symbol in spoken if symbol.isalnum()] == [symbol for symbol in wanted if symbol.isalnum()]


def test_what_fits_into_one_piece_is_spoken_in_one() -> None:
    runs = [Run("The word "), Run("Tokyo", phonemes="to kjo"), Run(" and 東京", language="ja-JP"), Run(".")]
    (piece,) = of_runs(runs, lambda run: iter([Phonemes(run.text, run.text.strip())]))
    assert piece.phonemes == "The word to kjo and 東京."


@pytest.fixture(scope="module")
def wrapper() -> KokoroV1Wrapper:
    """A wrapper without weights: G2P needs none."""
    return KokoroV1Wrapper(CONFIG, "no-weights.pth")


def spoken(wrapper: KokoroV1Wrapper, text: str, language: str) -> list[str]:
    """The pieces, in the symbols that the network knows or would drop."""
    runs = reading.read([Run(text)], language, wrapper)
    return [ipa.nearest(piece.phonemes, VOCABULARY) for piece in wrapper.phonemes(runs, language)]


FOREIGN_WORDS = ["今日は", "请打开", "नमस्ते", "Привет", "Ελλάδα", "안녕하세요", "مرحبا", "שלום", "Netflix"]


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("word", FOREIGN_WORDS)
def test_a_word_in_any_letters_has_a_sound_in_every_language(
    word: str, language: str, wrapper: KokoroV1Wrapper
) -> None:
    alone = "".join(spoken(wrapper, word, language))
    assert sum(symbol in VOCABULARY for symbol in alone) >= 4
    # Neither the flags of espeak's languages nor the names of letters.
    assert "(" not in alone
    assert len(alone) < 30
    assert not [symbol for symbol in alone if symbol not in VOCABULARY and symbol not in "ˈ-"]


def test_words_of_one_sentence_are_read_each_in_its_language(wrapper: KokoroV1Wrapper) -> None:
    assert spoken(wrapper, "今日はWi-Fiが使えません。", "ja-JP") == ["kʲoː βa wˈIfˌI ɡa ʦɨkae maseɴ."]
    assert spoken(wrapper, "请打开Netflix", "zh-CN") == ["ʨʰi↓ŋ ta↓kʰai→ nˈɛtflɪks"]
    assert spoken(wrapper, "The word 東京 means Tokyo.", "en-US") == ["ðə wˈɜɹd toːkʲoː mˈinz tˈOkiˌO."]


SENTENCE_MARKS = {"hi-IN": "।", "ja-JP": "。", "zh-CN": "！", "es-ES": "?", "fr-FR": "…"}


@pytest.mark.parametrize("language", TAGS)
def test_five_thousand_characters_and_the_language_s_own_marks_are_all_spoken(
    language: str, wrapper: KokoroV1Wrapper
) -> None:
    from tests.test_g2p import SENTENCES

    sentence = SENTENCES[language].rstrip(".。।")
    words = sentence.replace(",", "").replace("，", "").replace("、", "")
    times = 5_000 // len(words)
    endless = " ".join([words] * times)
    one, all_of_it = "".join(spoken(wrapper, words, language)), spoken(wrapper, endless, language)
    assert all(len(piece) <= MAX_PHONEMES for piece in all_of_it)

    def count(text: str) -> int:
        return len("".join(text.split()))

    # A cut in a running text changes a stress or a tone at its edges, never a word's worth of sounds.
    assert abs(count("".join(all_of_it)) - times * count(one)) <= 2 * times
    marked = "".join(spoken(wrapper, sentence + SENTENCE_MARKS.get(language, "."), language))
    assert count(marked) - count("".join(spoken(wrapper, sentence, language))) in (0, 1)


@settings(max_examples=60)
@given(text=_MIXED, language=st.sampled_from(["ja-JP", "zh-CN", "hi-IN", "en-US"]))
def test_no_text_makes_a_g2p_fail(text: str, language: str, wrapper: KokoroV1Wrapper) -> None:
    for piece in spoken(wrapper, text, language):
        assert 0 < len(piece) <= 510


def test_what_has_no_sound_at_all_is_told_in_the_debugging_log(
    wrapper: KokoroV1Wrapper, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "kokoro_wyoming")
    assert spoken(wrapper, "ᚠᚢᚦ", "zh-CN") == []
    assert "has no sound" in caplog.text or "No sound is known" in caplog.text


@pytest.mark.weights
@pytest.mark.parametrize(
    ("text", "voice", "language", "heard"),
    [
        ("今日はNetflixが使えません。", "jf_alpha", "ja", "フリックス"),
        ("我想在电视上看Netflix。", "zf_xiaobei", "zh", "netflix"),
        ("The word 東京 is Japanese.", "af_heart", "en", "toky"),
    ],
)
async def test_foreign_words_are_understood_by_ear(
    text: str, voice: str, language: str, heard: str, server: str, ears: Ears
) -> None:
    sound = await say(server, text, name=voice)
    assert heard in ears.write_down(sound.samples, language).casefold()
