"""Has a network of which no fit is known learn its own sound, while nobody listens.

Speaking in windows needs a `Fit` of the weights. The published weights of v1.0 have one. v0.19's and the owner's own
have none, and speak whole sentences until their network has rehearsed: it makes some dozen utterances of all voices
that nobody hears, in turns that no listener wants.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kokoro_wyoming import awake
from kokoro_wyoming.errors import AssetError, KokoroWyomingError, PeerError
from kokoro_wyoming.network.learning import ENOUGH_UTTERANCES, CalibrationData
from kokoro_wyoming.scheduler import ModelThread

_LOGGER = logging.getLogger(__name__)

UTTERANCES = 64
"""More of them gain nothing that is heard; docs/performance.md has the figures."""
_STREAM = 2
"""The stream of random numbers: another than those that the shipped fit was learned with and tried on."""
_SECOND_CHARS = 15
"""Phonemes in a second of speech at its own pace."""
_MAX_SECONDS = 8
"""The longest utterance: a longer one takes memory, and long sentences are like several short ones."""
_MARKS = '.,;:!?…—"()“”。、？！¿¡।'


class Rehearsing(Protocol):
    """What is needed of a release: `builds.release.Release` has it."""

    @property
    def rehearsal(self) -> Mapping[str, Sequence[str]]:
        """Sentences in phonemes, by Kokoro's letter of their language."""
        ...

    def rehearsal_voices(self) -> Sequence[str]:
        """The names of the voices on disk whose language has sentences in `rehearsal`."""
        ...

    def calibration_data(self) -> CalibrationData | None:
        """What `rehearse` adds to; None where nothing is to be learned."""
        ...

    def rehearse(self, phonemes: str, voice: str, speed: float) -> Iterator[None]:
        """Learn from an utterance, step by step on the calling thread."""
        ...

    def learn(self) -> None:
        """Speak in windows from now on, by what was rehearsed."""
        ...


@dataclass(frozen=True)
class RehearsalUtterance:
    """A text that is rehearsed, chosen at random."""

    shares: Mapping[str, float]
    """Voices by name."""
    phonemes: str
    speed: float

    @property
    def voice(self) -> str:
        """As a blend is written."""
        if len(self.shares) == 1:
            return next(iter(self.shares))
        return "+".join(f"{name}({max(share, 0.001):.3f})" for name, share in self.shares.items())


def draft(
    rng: np.random.Generator, names: Sequence[str], sentences: Mapping[str, Sequence[str]], max_chars: int
) -> RehearsalUtterance:
    """A sentence, or its words in any order, by a voice or a blend of two or three, mostly in its own language.

    `names` are the voices', `sentences` in phonemes, by Kokoro's letter of their language.
    """
    count = 1 if rng.random() < 0.65 else int(rng.integers(2, 4))
    chosen = [str(name) for name in rng.choice(names, min(count, len(names)), replace=False)]
    shares = {name: float(share) for name, share in zip(chosen, rng.dirichlet(np.ones(len(chosen))), strict=True)}
    letter = chosen[0][0]
    if letter not in sentences or rng.random() < 0.2:
        letter = str(rng.choice(list(sentences)))
    spoken = sentences[letter]
    phonemes = _some_sentences(rng, spoken) if rng.random() < 0.6 else _some_words(rng, spoken)
    speed = 1.0 if rng.random() < 0.6 else float(np.exp(rng.uniform(np.log(0.5), np.log(2))))
    return RehearsalUtterance(shares, phonemes[:max_chars], speed)


def _some_sentences(rng: np.random.Generator, sentences: Sequence[str]) -> str:
    count = int(rng.choice([1, 2, 3], p=[0.7, 0.22, 0.08]))
    return " ".join(str(one) for one in rng.choice(sentences, count, replace=False))


def _some_words(rng: np.random.Generator, sentences: Sequence[str]) -> str:
    words = sorted({word.strip(_MARKS) for one in sentences for word in one.split()} - {""})
    count = int(np.clip(np.exp(rng.normal(1.5, 0.9)), 1, 45))
    chosen = [str(word) for word in rng.choice(words, count)]
    for at in range(3, count - 2, int(rng.integers(4, 9))):
        chosen[at] += str(rng.choice([",", ",", ";", "."]))
    return " ".join(chosen) + str(rng.choice([".", ".", ".", "?", "!", ""]))


def rehearsed(number: int, names: Sequence[str], sentences: Mapping[str, Sequence[str]]) -> RehearsalUtterance:
    """Utterance `number`: the same every time for the same voices, short enough to be made whole anywhere."""
    one = draft(np.random.default_rng([_STREAM, number]), names, sentences, _MAX_SECONDS * _SECOND_CHARS)
    return RehearsalUtterance(one.shares, one.phonemes[: int(_MAX_SECONDS * _SECOND_CHARS * one.speed)], one.speed)


async def calibrate(release: Rehearsing, thread: ModelThread, version: str) -> None:
    """Rehearse until enough is known of a network, and have it speak in windows; cancel it at any time.

    A network that needs none of this, or has learned before, is left alone. Never raises: without it, whole sentences
    are spoken.
    """
    try:
        await _calibrate(release, thread, version)
    except KokoroWyomingError as error:
        _LOGGER.warning("Kokoro %s goes on speaking in whole sentences: %s", version, error)
    except Exception:
        _LOGGER.exception("Kokoro %s goes on speaking in whole sentences", version)


async def _calibrate(release: Rehearsing, thread: ModelThread, version: str) -> None:
    data = release.calibration_data()
    if data is None or len(data) >= UTTERANCES:
        return
    # On the model thread, as a G2P may have to read the sentences first.
    names = await thread.run(release.rehearsal_voices)
    if not names:
        return
    _LOGGER.info(
        "Kokoro %s speaks in whole sentences until it has learned its own sound, from %d utterances made while "
        "nobody waits (model.calibrate)",
        version,
        UTTERANCES - len(data),
    )
    try:
        await _rehearse_all(release, thread, version, data, names)
    finally:
        # Also when the release leaves the memory, or the server ends: what was rehearsed is not lost.
        await asyncio.to_thread(data.save)


async def _rehearse_all(
    release: Rehearsing, thread: ModelThread, version: str, data: CalibrationData, names: Sequence[str]
) -> None:
    for number in range(len(data), 2 * UTTERANCES):
        try:
            worked_seconds = await _rehearse(release, thread, rehearsed(number, names, release.rehearsal))
        except (AssetError, PeerError) as error:
            _LOGGER.debug("Utterance %d is left out: %s", number, error)  # a voice that is damaged, or just went
            continue
        count = len(data)
        if count in (ENOUGH_UTTERANCES, UTTERANCES):
            await asyncio.to_thread(data.save)
            await asyncio.to_thread(release.learn)
            _LOGGER.info("Kokoro %s speaks in windows now, having learned from %d utterances", version, count)
        if count >= UTTERANCES:
            return
        # At most half of the time is spent on it, as the machine may have other things to do.
        await asyncio.sleep(worked_seconds)


async def _rehearse(release: Rehearsing, thread: ModelThread, one: RehearsalUtterance) -> float:
    """Make an utterance in turns that no listener wants; returns the seconds that its own turns took."""
    worked_seconds = 0.0

    def steps() -> Iterator[None]:
        nonlocal worked_seconds
        inner = release.rehearse(one.phonemes, one.voice, one.speed)
        while True:
            began = awake.seconds()
            ended = next(inner, "ended")
            worked_seconds += awake.seconds() - began
            if ended:
                return
            yield None

    await thread.run_for_nobody(steps)
    return worked_seconds
