"""The settings as the plain values that other modules take."""

from __future__ import annotations

from pathlib import Path

from kokoro_wyoming.audio.joining import Pauses, SoundOptions
from kokoro_wyoming.config.schema import Config
from kokoro_wyoming.errors import ConfigError, KokoroWyomingError, first_line
from kokoro_wyoming.speakers import addresses
from kokoro_wyoming.speakers.book import Book, QuietHours, Target
from kokoro_wyoming.speakers.chime import Chime, gentle, read
from kokoro_wyoming.speakers.kinds import KINDS
from kokoro_wyoming.text.splitting import MarkupOptions
from kokoro_wyoming.text.text_stream import TextOptions
from kokoro_wyoming.voices.descriptions import VoiceOptions

_KEY_FILE_CHARS = 1_000
"""Of a file with a key no more is read."""
_KEY_CHARS = 8
"""Shortest key."""


def text_options(config: Config) -> TextOptions:
    """How texts are read."""
    return TextOptions(
        quiet_seconds=config.speech.quiet_seconds,
        # Not where whole sentences are wanted.
        clause_first=config.model.stream == "fast",
        finds_ssml=config.speech.ssml == "auto",
        language_from_text=config.speech.language_from_text,
        likely_languages=tuple(config.speech.voices),
        markup=MarkupOptions(enabled=config.speech.markup, emoji=config.speech.emoji),
    )


def sound_options(config: Config) -> SoundOptions:
    """How loud utterances are, and their silences."""
    speech = config.speech
    wanted = speech.pauses
    pauses = Pauses(wanted.sentence_seconds, wanted.clause_seconds, wanted.paragraph_seconds)
    return SoundOptions(
        loudness_lufs=speech.loudness_lufs,
        pauses=None if wanted.as_made else pauses,
        lead_in_seconds=speech.lead_in_seconds,
        tail_seconds=speech.tail_seconds,
        volume=speech.volume,
    )


def voice_options(config: Config) -> VoiceOptions:
    """The voices that the owner chose."""
    speech = config.speech
    return VoiceOptions(
        language=speech.language,
        voice=speech.voice,
        voices=speech.voices,
        aliases=config.voices,
        speed=speech.speed,
        offer_other_release=speech.offer_other_release,
    )


def speaker_book(config: Config) -> Book:
    """The speakers and groups, each speaker with what holds for it."""
    common = config.announcements
    targets: dict[str, Target] = {}
    for name, speaker in config.speakers.items():
        if speaker.address is None:
            continue
        quiet_hours = speaker.quiet_hours or common.quiet_hours
        targets[name] = Target(
            name,
            addresses.parse(speaker.address, KINDS),
            common.volume if speaker.volume is None else speaker.volume,
            None if quiet_hours is None else QuietHours.parse(quiet_hours),
        )
    return Book(targets, {name: each.speakers for name, each in config.speakers.items() if each.address is None})


def chime(config: Config) -> Chime | None:
    """The sound before an announcement. Raises ConfigError where its file cannot be used."""
    wanted = config.announcements.chime
    if not isinstance(wanted, Path):
        return gentle() if wanted == "gentle" else None
    try:
        return read(wanted)
    except KokoroWyomingError as error:
        raise ConfigError(f"announcements.chime: {error}") from error


def api_key(config: Config) -> str | None:
    """The key that clients of the HTTP face send; None where none is asked for.

    Raises ConfigError where the file with the key cannot be read.
    """
    path = config.http.api_key_file
    if path is None:
        return config.http.api_key
    try:
        with path.open(encoding="ascii") as file:
            key = file.read(_KEY_FILE_CHARS).partition("\n")[0].strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"http.api_key_file: {path} cannot be read: {first_line(error)}.") from error
    if len(key) < _KEY_CHARS:
        raise ConfigError(f"http.api_key_file: the first line of {path} is no key: it needs {_KEY_CHARS} characters.")
    return key
