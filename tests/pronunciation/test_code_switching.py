"""Foreign letters inside a sentence: whose they are, and that no sound of them is lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kokoro_wyoming import builds, config
from kokoro_wyoming.builds.v1_0.wrapper import KokoroV1Wrapper
from kokoro_wyoming.config.options import text_options
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.languages import TAGS, match_language
from kokoro_wyoming.pronunciation import code_switching, ipa, pronounce
from kokoro_wyoming.pronunciation.phonemes import MAX_PHONEMES, Phonemes, has_sound, of_runs
from kokoro_wyoming.text.sentences import Run, plain
from kokoro_wyoming.text.text_stream import TextOptions
from kokoro_wyoming.utterances.voicing import UtteranceVoices
from kokoro_wyoming.voices.descriptions import SpokenVoice, VoiceRequest
from tests.examples import examples
from tests.listening import Ears, say
from tests.stand_ins.beep_engine import BeepEngine
from tests.stand_ins.beep_house import chunk, open_house, start, stop, synthesize

CONFIG = Path(builds.__file__).parent / "v1_0" / "config.json"
VOCABULARY = json.loads(CONFIG.read_text())["vocab"]
READABLE = (*TAGS, *code_switching.FOREIGN)


def parts(text: str, language: str, *, units_stay: bool = False) -> list[tuple[str, str | None]]:
    found = code_switching.split(Run(text), language, READABLE, units_stay=units_stay)
    return [(run.text, run.language) for run in found]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ja-JP", "今日はWi-Fiが使えません。", ["今日は", "en-US:Wi-Fi", "が使えません。"]),
        ("ja-JP", "iPhone 15 Proを", ["en-US:iPhone 15 Pro", "を"]),
        ("ja-JP", "MP3とαです", ["en-US:MP3", "と", "en-US:α", "です"]),
        ("ja-JP", "请打开灯", ["zh-CN:请打开灯"]),
        ("ja-JP", "損害塡補、開始。", ["損害塡補、開始。"]),
        ("zh-CN", "東京駅", ["東京駅"]),
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
    (run,) = code_switching.split(Run("The word 東京"), "en-US", ["en-US"])
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


@dataclass
class House(BeepEngine):
    """A stand-in in which each language has a voice of its name."""

    own: str = "en-US"
    """What is spoken where a client asks for nothing."""
    spoken: Sequence[str] = TAGS

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        tag = match_language(request.language) if request.language else self.own
        if tag is None or tag not in self.spoken:
            raise UnknownLanguageError(f"Nobody speaks {tag}.")
        return SpokenVoice(program or "v1.0", tag, tag, 1.0)


def who_speaks(house: House, *sentences: str, likely: Sequence[str] = (), program: str | None = None) -> list[str]:
    """The language of each sentence's voice, in one utterance for which a client names no voice."""
    role = UtteranceVoices(house, VoiceRequest(), program, TextOptions(likely_languages=tuple(likely)))
    return [role.voice_of(plain(sentence)).name for sentence in sentences]


@pytest.mark.parametrize(
    ("own", "text", "speaks"),
    [
        ("ja-JP", "了解。", "ja-JP"),
        ("ja-JP", "完了！", "ja-JP"),
        ("ja-JP", "了解。電気を消しました。", "ja-JP"),
        ("ja-JP", "消灯完了。", "ja-JP"),
        ("ja-JP", "東京駅", "ja-JP"),
        ("ja-JP", "請關燈", "ja-JP"),
        ("ja-JP", "損害塡補、剝離、頰。", "ja-JP"),
        ("ja-JP", "森鷗外", "ja-JP"),
        ("ja-JP", "「你好」は中国語です。", "ja-JP"),
        ("ja-JP", "カラオケ", "ja-JP"),
        ("ja-JP", "Wi-Fi", "ja-JP"),
        ("ja-JP", "Good morning.", "ja-JP"),
        ("ja-JP", "21:30 🙂", "ja-JP"),
        ("ja-JP", "电气关了", "zh-CN"),
        ("ja-JP", "你好，灯已经关了。", "zh-CN"),
        ("ja-JP", "晚安", "zh-CN"),
        ("ja-JP", "नमस्ते।", "hi-IN"),
        ("zh-CN", "完成了！", "zh-CN"),
        ("zh-CN", "東京駅", "zh-CN"),
        ("zh-CN", "電気", "zh-CN"),
        ("zh-CN", "請關燈。", "zh-CN"),
        ("zh-CN", "我们去カラオケ吧", "zh-CN"),
        ("zh-CN", "他说「今日はいい天気」", "zh-CN"),
        ("zh-CN", "我要味の素", "zh-CN"),
        ("zh-CN", "请打开Netflix", "zh-CN"),
        ("zh-CN", "OK!", "zh-CN"),
        ("zh-CN", "12:30", "zh-CN"),
        ("zh-CN", "電気を消しました。", "ja-JP"),
        ("zh-CN", "カラオケ", "ja-JP"),
        ("zh-CN", "सब तैयार है।", "hi-IN"),
        ("hi-IN", "नमस्ते।", "hi-IN"),
        ("hi-IN", "मुझे Netflix देखना है", "hi-IN"),
        ("hi-IN", "Turn on the light.", "hi-IN"),
        ("hi-IN", "こんにちは。", "ja-JP"),
        ("hi-IN", "请打开灯", "zh-CN"),
        ("en-US", "完了！", "zh-CN"),
        ("en-US", "東京駅", "ja-JP"),
        ("en-US", "今日の天気", "ja-JP"),
        ("en-US", "請關燈。", "zh-CN"),
        ("en-US", "电气关了", "zh-CN"),
        ("en-US", "電気を消しました。", "ja-JP"),
        ("en-US", "The word 東京 means Tokyo.", "en-US"),
        ("en-US", "नमस्ते।", "hi-IN"),
        ("en-US", "👍 21 °C!", "en-US"),
        ("en-US", "", "en-US"),
        ("en-GB", "Hello there.", "en-GB"),
        ("en-GB", "Привет", "en-GB"),
        ("fr-FR", "Ça marche.", "fr-FR"),
        ("fr-FR", "The light is on.", "fr-FR"),
        ("de-DE", "Das Licht ist aus.", "de-DE"),
        ("es-ES", "你好", "zh-CN"),
        ("it-IT", "Wi-Fiが使えません。", "ja-JP"),
        ("pt-BR", "안녕하세요", "pt-BR"),
    ],
)
def test_letters_choose_only_a_language_that_the_house_s_own_cannot_be(own: str, text: str, speaks: str) -> None:
    assert who_speaks(House(own=own, spoken=(*TAGS, own)), text) == [speaks]


@pytest.mark.parametrize(
    ("own", "sentences", "speak"),
    [
        # Han alone settles nothing.
        ("en-US", ["了解。", "電気を消しました。", "完了！"], ["zh-CN", "ja-JP", "ja-JP"]),
        ("zh-CN", ["了解。", "電気を消しました。", "完了！"], ["zh-CN", "ja-JP", "ja-JP"]),
        ("ja-JP", ["好的。", "灯已经关了。", "完了！"], ["ja-JP", "zh-CN", "zh-CN"]),
        ("en-US", ["21:30.", "電気を消しました。", "Netflix."], ["en-US", "ja-JP", "ja-JP"]),
        # The first letters that leave no doubt decide; others that cannot be that language, for their sentence.
        ("en-US", ["OK!", "電気を消しました。", "Done."], ["en-US", "ja-JP", "en-US"]),
        ("en-US", ["It says:", "東京", "大阪", "你好", "That is all."], ["en-US", "en-US", "en-US", "zh-CN", "en-US"]),
        ("en-US", ["こんにちは。", "Hello there.", "नमस्ते।", "完了！"], ["ja-JP", "ja-JP", "hi-IN", "ja-JP"]),
        ("ja-JP", ["OK!", "電気を消しました。", "完了！"], ["ja-JP", "ja-JP", "ja-JP"]),
    ],
)
def test_a_sentence_that_settles_nothing_does_not_spoil_the_rest(
    own: str, sentences: list[str], speak: list[str]
) -> None:
    assert who_speaks(House(own=own), *sentences) == speak


def test_where_letters_leave_two_languages_one_that_the_owner_chose_a_voice_for_is_likelier() -> None:
    assert who_speaks(House(), "完了！", likely=["ja-JP"]) == ["ja-JP"]
    assert who_speaks(House(), "完了！", likely=["ja-JP", "zh-CN"]) == ["zh-CN"]
    assert who_speaks(House(), "你好！", likely=["ja-JP"]) == ["zh-CN"]
    assert who_speaks(House(), "電気", likely=["zh-CN"]) == ["ja-JP"]


def test_languages_that_the_owner_chose_voices_for_are_the_likely_ones() -> None:
    settings_ = config.load(None, {"speech.voices": {"ja": "jf_alpha"}})
    assert text_options(settings_).likely_languages == ("ja-JP",)


def test_letters_choose_among_the_languages_that_are_spoken_here() -> None:
    assert who_speaks(House(spoken=["en-US", "ja-JP"]), "完了！", "你好！") == ["ja-JP", "ja-JP"]
    assert who_speaks(House(spoken=["en-US"]), "完了！", "こんにちは。") == ["en-US", "en-US"]


@pytest.mark.parametrize(
    "request_",
    [VoiceRequest("beep"), VoiceRequest(language="en-GB"), VoiceRequest(speaker="beep"), VoiceRequest("beep", "en-US")],
)
def test_letters_choose_nothing_where_a_client_does(request_: VoiceRequest) -> None:
    role = UtteranceVoices(BeepEngine(), request_)
    for text in ("電気を消しました。", "完了！", "नमस्ते।"):
        assert role.voice_of(plain(text)) == BeepEngine().resolve(request_)


def test_a_program_says_nothing_of_the_language_and_letters_choose_within_it() -> None:
    role = UtteranceVoices(House(), VoiceRequest(), "v0.19")
    voice = role.voice_of(plain("電気を消しました。"))
    assert (voice.version, voice.language) == ("v0.19", "ja-JP")


async def test_the_first_letters_decide_who_speaks_where_the_client_does_not() -> None:
    engine = BeepEngine()
    async with open_house(engine) as house:
        await house.ask([synthesize("こんにちは。 Hello there.")])
        await house.ask([start(), *map(chunk, "こんにちは。 Hello there."), stop()])
        await house.ask([synthesize("Hello there. こんにちは。 Bye.")])
        await house.ask([synthesize("こんにちは。", {"name": "beep"})])
        await house.ask([synthesize("こんにちは。", {"language": "en-GB"})])
        await house.ask([synthesize("नमस्ते।")])
    spoken = [voice.name for _, voice in engine.said]
    assert spoken == [*["pii"] * 4, "beep", "pii", "beep", "beep", "boop", "beep"]


async def test_a_japanese_house_says_han_in_japanese() -> None:
    engine = House(own="ja-JP")
    async with open_house(engine) as house:
        await house.ask([synthesize("了解。電気を消しました。")])
        await house.ask([synthesize("完了！")])
    assert [voice.language for _, voice in engine.said] == ["ja-JP"] * 3


def test_the_text_decides_nothing_where_the_owner_does_not_want_it() -> None:
    role = UtteranceVoices(BeepEngine(), VoiceRequest(), options=TextOptions(language_from_text=False))
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
    runs = pronounce.pronounce([Run(text)], language, wrapper)
    return [ipa.nearest(piece.phonemes, VOCABULARY) for piece in wrapper.phonemes(runs, language)]


FOREIGN_WORDS = ["今日は", "请打开", "नमस्ते", "Привет", "Ελλάδα", "안녕하세요", "مرحبا", "שלום", "Netflix"]


LANGUAGES = [pytest.param(tag, marks=pytest.mark.long if tag == "en-GB" else ()) for tag in TAGS]
"""British English is read by the code of American English, and its own dictionary takes seconds."""


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
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


@pytest.mark.slow
def test_words_of_one_sentence_are_read_each_in_its_language(wrapper: KokoroV1Wrapper) -> None:
    assert spoken(wrapper, "今日はJellyが使えません。", "ja-JP") == ["kʲoː βa ʤˈɛli ɡa ʦɨkae maseɴ."]
    assert spoken(wrapper, "请打开Netflix", "zh-CN") == ["ʨʰi↓ŋ ta↓kʰai→ nˈɛtflɪks"]
    assert spoken(wrapper, "The word 東京 means Tokyo.", "en-US") == ["ðə wˈɜɹd toːkʲoː mˈinz tˈOkiˌO."]


SENTENCE_MARKS = {"hi-IN": "।", "ja-JP": "。", "zh-CN": "！", "es-ES": "?", "fr-FR": "…"}


@pytest.mark.parametrize(
    "language",
    [pytest.param(tag, marks=pytest.mark.long if tag in ("en-GB", "ja-JP", "zh-CN") else ()) for tag in TAGS],
)
def test_five_thousand_characters_and_the_language_s_own_marks_are_all_spoken(
    language: str, wrapper: KokoroV1Wrapper
) -> None:
    from tests.builds.test_v1_0_g2p import SENTENCES

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


@examples(60)
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
