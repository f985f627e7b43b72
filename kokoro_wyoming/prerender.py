"""Texts of the owner's that are spoken to nobody, so that they are at hand when they are wanted."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kokoro_wyoming.cache import CachedEngine
from kokoro_wyoming.errors import KokoroWyomingError
from kokoro_wyoming.speech import SpeechEngine, SpokenVoice, VoiceRequest
from kokoro_wyoming.text import AS_MEANT, Reading, SentenceSplitter

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class WantedText:
    """A text and who is to speak it."""

    text: str
    voice: SpokenVoice


def wanted(texts: Iterable[tuple[str, VoiceRequest]], engine: SpeechEngine) -> list[WantedText]:
    """The texts with their voices; raises as `SpeechEngine.resolve`."""
    return [WantedText(text, engine.resolve(request)) for text, request in texts]


async def prerender(
    engine: CachedEngine,
    texts: Sequence[WantedText],
    *,
    clause_first: bool = True,
    reading: Reading = AS_MEANT,
) -> None:
    """Make each text's sound and pin it, one after the other. What cannot be made is logged, by its number.

    `clause_first` and `reading` are those of the sessions, whose sentences are to be found in the cache.
    """
    ready = 0
    for number, one in enumerate(texts, 1):
        try:
            as_spoken = replace(reading, language=one.voice.language)
            pieces = sentences(one.text, clause_first, as_spoken)
            fits = [await engine.pin(sentence, one.voice) for sentence in pieces]
        except KokoroWyomingError as error:
            _LOGGER.warning("prerender: text %d cannot be spoken: %s", number, error)
            continue
        except Exception as error:
            # Its message may quote the text.
            _LOGGER.error("prerender: text %d failed with %s", number, type(error).__name__)
            _LOGGER.debug("prerender: text %d in full", number, exc_info=error)
            continue
        if all(fits):
            ready += 1
        else:
            _LOGGER.warning("prerender: text %d does not fit, or has nothing to say; see cache.megabytes", number)
    _LOGGER.info("Prerendered %d of %d texts", ready, len(texts))


def sentences(text: str, clause_first: bool = True, reading: Reading = AS_MEANT) -> Iterator[str]:
    """As a session would find them, however the text arrives there."""
    splitter = SentenceSplitter(clause_first=clause_first, reading=reading)
    yield from splitter.add(text)
    yield from splitter.finish()
