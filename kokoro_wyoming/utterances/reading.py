"""How a text would be read, sentence by sentence, as an utterance reads it."""

from __future__ import annotations

import contextlib

from kokoro_wyoming.errors import TextTooLongError
from kokoro_wyoming.pronunciation.readings import Reading, joined
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.text.text_stream import TextStream
from kokoro_wyoming.utterances.incoming_text import IncomingText
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.utterances.requests import SpeechOptions, SpeechRequest
from kokoro_wyoming.utterances.voicing import UtteranceVoices


async def read(
    text: str, engine: SpeechEngine, request: SpeechRequest, options: SpeechOptions, quota: Quota
) -> Reading:
    """The phonemes of a whole text and of its words; each sentence has a turn of its own.

    Raises TextTooLongError, BusyError, StuckError, PeerError for wrong markup, and as `SpeechEngine.resolve`.
    """
    if len(text) > options.max_chars:
        raise TextTooLongError(f"A text may have {options.max_chars:,} characters; send it in parts.")
    voices = UtteranceVoices(engine, request.voice, request.program, options.text)
    incoming = IncomingText(TextStream(request.text_format, options.text))
    incoming.add(text)
    incoming.finish()
    readings: list[Reading] = []
    quota.take()
    try:
        with contextlib.closing(engine.utterance()) as slot:
            while (sentence := await incoming.next_sentence()) is not None:
                if isinstance(sentence, Sentence):
                    readings.append(await slot.read(sentence, voices.voice_of(sentence)))
    finally:
        quota.give_back()
    return joined(readings, voices.voice.language)
