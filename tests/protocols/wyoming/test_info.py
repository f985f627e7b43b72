"""The answer to describe."""

from __future__ import annotations

from dataclasses import replace

from wyoming.info import Info

from kokoro_wyoming.protocols.wyoming.info import info_event, info_frame
from kokoro_wyoming.voices.descriptions import ProgramDescription, VoiceDescription
from tests.stand_ins.beep_house import from_bytes

HEART = VoiceDescription("af_heart", "Heart (American, female)", ("en-US",), "v1.0")
PROGRAM = ProgramDescription("Kokoro", "Kokoro v1.0 (official weights)", "v1.0", (HEART,))


def test_everything_that_home_assistant_needs_is_there() -> None:
    (program,) = Info.from_event(info_event([PROGRAM])).tts
    (voice,) = program.voices
    for artifact in (program, voice):
        assert artifact.installed
        assert artifact.version == "v1.0"
        assert artifact.attribution.name == "hexgrad"
        assert artifact.attribution.url == "https://huggingface.co/hexgrad/Kokoro-82M"
    assert program.supports_synthesize_streaming
    assert (program.name, program.description) == ("Kokoro", "Kokoro v1.0 (official weights)")
    assert (voice.name, voice.description) == ("af_heart", "Heart (American, female)")
    assert voice.languages == ["en-US"]
    assert voice.speakers is None


def test_nothing_but_text_to_speech_is_offered() -> None:
    data = info_event([PROGRAM]).data
    assert [service for service, programs in data.items() if programs] == ["tts"]


def test_a_voice_without_a_language_is_left_out() -> None:
    mute = replace(HEART, name="mute", languages=())
    (program,) = Info.from_event(info_event([replace(PROGRAM, voices=(HEART, mute))])).tts
    assert [voice.name for voice in program.voices] == ["af_heart"]


def test_programs_keep_their_order() -> None:
    second = replace(PROGRAM, name="Kokoro v0.19", version="v0.19")
    assert [program.name for program in Info.from_event(info_event([PROGRAM, second])).tts] == [
        "Kokoro",
        "Kokoro v0.19",
    ]


def test_the_frame_is_the_event_and_follows_the_catalogue() -> None:
    assert from_bytes(info_frame([PROGRAM])) == [info_event([PROGRAM])]
    renamed = replace(PROGRAM, description="Kokoro v1.0 (int8-rounded weights)")
    assert from_bytes(info_frame([renamed])) == [info_event([renamed])]
