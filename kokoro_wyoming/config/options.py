"""Settings as the plain values that rooms are handed."""

from __future__ import annotations

from kokoro_wyoming.audio.joining import Delivery, Pauses
from kokoro_wyoming.config.schema import Config
from kokoro_wyoming.text.splitting import Reading
from kokoro_wyoming.text.text_stream import Habits
from kokoro_wyoming.voices.descriptions import Choices


def habits_of(config: Config) -> Habits:
    """How sessions take texts."""
    return Habits(
        quiet_seconds=config.speech.quiet_seconds,
        # Not where whole sentences are wanted.
        clause_first=config.model.stream == "fast",
        finds_ssml=config.speech.ssml == "auto",
        language_from_text=config.speech.language_from_text,
        likely_languages=tuple(config.speech.voices),
        reading=Reading(markup=config.speech.markup, emoji=config.speech.emoji),
    )


def delivery(config: Config) -> Delivery:
    """How sessions deliver what is spoken."""
    speech = config.speech
    wanted = speech.pauses
    pauses = Pauses(wanted.sentence_seconds, wanted.clause_seconds, wanted.paragraph_seconds)
    silences = (None if wanted.as_made else pauses, speech.lead_in_seconds, speech.tail_seconds)
    return Delivery(speech.loudness_lufs, *silences)


def choices_of(config: Config) -> Choices:
    """Who is to speak, as the owner chose."""
    speech = config.speech
    return Choices(
        language=speech.language,
        voice=speech.voice,
        voices=speech.voices,
        aliases=config.voices,
        speed=speech.speed,
        offer_other_release=speech.offer_other_release,
    )
