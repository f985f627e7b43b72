"""The owner's texts are spoken at the start, and their sound is pinned in the cache until a client asks for it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.text.text_stream import AS_USUAL, TextOptions, TextStream
from kokoro_wyoming.utterances.cache import CachedEngine
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.voicing import UtteranceVoices
from kokoro_wyoming.voices.descriptions import VoiceRequest

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class WantedText:
    """A text and the voices that speak it."""

    text: str
    voices: UtteranceVoices


def wanted(
    texts: Iterable[tuple[str, VoiceRequest]], engine: SpeechEngine, options: TextOptions = AS_USUAL
) -> list[WantedText]:
    """The texts with their voices. `options` are the same as for clients' utterances.

    Raises as `SpeechEngine.resolve`.
    """
    return [WantedText(text, UtteranceVoices(engine, request, options=options)) for text, request in texts]


async def prerender(engine: CachedEngine, texts: Sequence[WantedText], options: TextOptions = AS_USUAL) -> None:
    """Speak the texts one after the other and pin their sound. A text that fails is logged by its number.

    `options` must be the same as for clients' utterances: text that is split otherwise is not found in the cache.
    """
    ready = 0
    for number, wanted_text in enumerate(texts, 1):
        voices = wanted_text.voices
        try:
            parts = list(sentences(wanted_text.text, options))
            fits = [await engine.pin(sentence, voices.voice_of(sentence)) for sentence in parts]
        except KokoroWyomingError as error:
            _LOGGER.warning("prerender: text %d cannot be spoken: %s", number, error)
            continue
        except Exception as error:
            # The error's message may quote the text.
            _LOGGER.error("prerender: text %d failed with %s", number, type(error).__name__)
            _LOGGER.debug("prerender: text %d in full", number, exc_info=error)
            continue
        if all(fits):
            ready += 1
        else:
            _LOGGER.warning("prerender: text %d does not fit, or has nothing to say; see cache.megabytes", number)
    _LOGGER.info("Prerendered %d of %d texts", ready, len(texts))


def sentences(text: str, options: TextOptions = AS_USUAL) -> Iterator[Sentence]:
    """The sentences of an utterance with this text. Raises PeerError for wrong markup."""
    stream = TextStream("text", options)
    for part in (*stream.add(text), *stream.finish()):
        if isinstance(part, Sentence):
            yield part
