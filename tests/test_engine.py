"""Which voice speaks, and how many may ask at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kokoro_wyoming.engine import Engine
from kokoro_wyoming.errors import BusyError, UnknownLanguageError, UnknownVersionError, UnknownVoiceError
from kokoro_wyoming.model_manager import ModelManager
from kokoro_wyoming.speech import SpokenVoice, VoiceDescription, VoiceRequest
from kokoro_wyoming.turns import TurnThread
from kokoro_wyoming.voices import Catalogue, voice_label, voice_language

NAMES = ("af_heart", "af_bella", "bf_emma", "bm_george", "ef_dora", "zf_xiaoxiao")


def _engine(**settings: object) -> Engine:
    voices = tuple(VoiceDescription(n, voice_label(n), (voice_language(n) or "",), "v1.0") for n in NAMES)
    catalogue = Catalogue("v1.0", Path("voices"), voices, {})
    manager = ModelManager(Path("models"), Path("voices"), thread=TurnThread())
    return Engine(manager, catalogue, weights="official weights", **settings)  # type: ignore[arg-type]  # by name


def _spoken(name: str, language: str, speed: float = 1.0) -> SpokenVoice:
    return SpokenVoice("v1.0", name, language, speed)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (VoiceRequest(), _spoken("af_heart", "en-US")),
        (VoiceRequest(name="bm_george"), _spoken("bm_george", "en-GB")),
        (VoiceRequest(language="en-GB"), _spoken("bf_emma", "en-GB")),
        (VoiceRequest(language="es_MX"), _spoken("ef_dora", "es-ES")),
        (VoiceRequest(language="zh-Hans"), _spoken("zf_xiaoxiao", "zh-CN")),
        (VoiceRequest(name="bf_emma", language="es"), _spoken("bf_emma", "es-ES")),
        (VoiceRequest(name="", language=""), _spoken("af_heart", "en-US")),
    ],
)
def test_a_request_is_answered_by_the_voice_one_would_expect(request_: VoiceRequest, expected: SpokenVoice) -> None:
    assert _engine().resolve(request_) == expected


def test_the_owner_s_choices_come_before_the_best_voices() -> None:
    engine = _engine(language="en-GB", voices={"en-GB": "bm_george", "en-US": "af_bella"}, speed=1.2)
    assert engine.resolve(VoiceRequest()) == _spoken("bm_george", "en-GB", 1.2)
    assert engine.resolve(VoiceRequest(language="en-US")).name == "af_bella"
    assert _engine(voice="ef_dora").resolve(VoiceRequest()) == _spoken("ef_dora", "es-ES")


def test_an_owner_s_choice_that_does_not_exist_is_told_at_the_start() -> None:
    with pytest.raises(UnknownVoiceError, match="did you mean af_heart"):
        _engine(voice="af_hart")
    with pytest.raises(UnknownVoiceError):
        _engine(voices={"en-GB": "bf_nobody"})


def test_unknown_names_are_refused_with_a_hint() -> None:
    engine = _engine()
    with pytest.raises(UnknownVoiceError, match="did you mean bf_emma"):
        engine.resolve(VoiceRequest(name="bf_ema"))
    with pytest.raises(UnknownVoiceError, match="kokoro-wyoming voices"):
        engine.resolve(VoiceRequest(name="x" * 100_000))
    with pytest.raises(UnknownLanguageError, match="there is en-GB, en-US"):
        engine.resolve(VoiceRequest(language="de"))
    with pytest.raises(UnknownLanguageError):
        engine.resolve(VoiceRequest(language="ja"))  # spoken by Kokoro, and no voice of it is here


def test_a_program_is_chosen_by_its_name_or_its_release() -> None:
    engine = _engine()
    for program in (None, "Kokoro", "v1.0"):
        assert engine.resolve(VoiceRequest(), program).version == "v1.0"
    with pytest.raises(UnknownVersionError):
        engine.resolve(VoiceRequest(), "piper")


def test_a_place_is_for_one_utterance_and_there_are_only_so_many() -> None:
    engine = _engine(max_utterances=2)
    first, _ = engine.utterance(), engine.utterance()
    with pytest.raises(BusyError, match="try again later"):
        engine.utterance()
    first.close()
    first.close()
    engine.utterance()
    with pytest.raises(BusyError):
        engine.utterance()


def test_the_description_says_which_weights_run() -> None:
    (program,) = _engine().programs()
    assert (program.name, program.description) == ("Kokoro", "Kokoro v1.0 (official weights)")
    assert [voice.name for voice in program.voices] == list(NAMES)
