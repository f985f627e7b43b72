"""The face that every release has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from torch import Tensor

from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.network.inference import AS_MADE, Network, OutputOptions
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.packs import Held, VoicePacks


class Rehearsing(Protocol):
    """What is needed of a release's wrapper."""

    packs: VoicePacks

    @property
    def rehearsal(self) -> Mapping[str, Sequence[str]]:
        """Sentences in phonemes, by Kokoro's letter of their language."""
        ...

    def initialize(self) -> Network:
        """The loaded network."""
        ...

    def rehearse(self, phonemes: str, voice: str, speed: float) -> Iterator[None]:
        """Learn from an utterance, step by step on the calling thread."""
        ...


class LoadedRelease(Rehearsing, Protocol):
    """The face that every release has: `KokoroV1Wrapper`'s."""

    @property
    def languages(self) -> Collection[str]:
        """The tags that a run of a sentence may have; see `pronounce.Readable`."""
        ...

    def symbols(self, written: str, language: str) -> str:
        """What can be said of IPA that somebody wrote."""
        ...

    def pieces(
        self,
        runs: Iterable[Run],
        voice: str | Tensor,
        lang_code: str,
        speed: float = 1.0,
        clock: Clock | None = None,
        serving: OutputOptions = AS_MADE,
        held: Held | None = None,
    ) -> Iterator[Tensor | None]:
        """Speak a sentence step by step on the calling thread: float32, shape (n_samples,), 24 kHz.

        The runs are as `pronounce.pronounce` gives them; `clock` is told of words before the sound that they are in.
        Voices are those of `held` where they are in there, and else put there, for the next sentence of an utterance.
        """
        ...

    def forward(
        self, text: str, voice: str | Tensor, lang_code: str, speed: float = 1.0
    ) -> AsyncGenerator[Tensor, None]:
        """The same from the event loop."""
        ...
