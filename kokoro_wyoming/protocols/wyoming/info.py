"""The answer to describe: programs and voices as Wyoming's `info`."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache

from wyoming.event import Event, write_event
from wyoming.info import Attribution, Info, TtsProgram, TtsVoice

from kokoro_wyoming.releases import described
from kokoro_wyoming.voices.descriptions import ProgramDescription, VoiceDescription


def info_event(programs: Iterable[ProgramDescription]) -> Event:
    """Wyoming's `info` with text to speech only: with any other service Home Assistant would make other entities.

    A voice without a language is left out: Home Assistant offers voices by language.
    """
    return Info(tts=[_program(program) for program in programs]).event()


def info_frame(programs: Iterable[ProgramDescription]) -> bytes:
    """`info_event` as bytes for the wire, made once for the same programs: clients ask every few seconds."""
    return _frame(tuple(programs))


@lru_cache(maxsize=2)
def _frame(programs: tuple[ProgramDescription, ...]) -> bytes:
    frame = io.BytesIO()
    write_event(info_event(programs), frame)
    return frame.getvalue()


def _program(program: ProgramDescription) -> TtsProgram:
    return TtsProgram(
        name=program.name,
        description=program.description,
        version=program.version,
        attribution=_attribution(program.version),
        installed=True,
        voices=[_voice(voice) for voice in program.voices if voice.languages],
        supports_synthesize_streaming=True,
    )


def _attribution(version: str) -> Attribution:
    """Who made a release. Home Assistant accepts no program or voice without an attribution."""
    attribution = described(version).attribution
    return Attribution(name=attribution.name, url=attribution.url)


def _voice(voice: VoiceDescription) -> TtsVoice:
    return TtsVoice(
        name=voice.name,
        description=voice.label,
        version=voice.version,
        attribution=_attribution(voice.version),
        installed=True,
        languages=list(voice.languages),
    )
