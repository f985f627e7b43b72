"""`KokoroV1Wrapper`: Kokoro v1.0 over `kokoro.KModel` and `kokoro.KPipeline`."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Literal

from kokoro import KPipeline
from torch import Tensor

from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.network.halves import Network, choose_device
from kokoro_wyoming.network.loading import load_model, read_config
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.phonemes import Phonemes
from kokoro_wyoming.speech import SAMPLE_RATE_HZ
from kokoro_wyoming.timing import Clock
from kokoro_wyoming.turns import TurnThread
from kokoro_wyoming.voices import VoicePacks

VERSION = "v1.0"
_FIT = Path(__file__).with_name("moments.npz")
"""What was learned of these weights, to speak in windows; scripts/learn_moments.py makes it."""


class KokoroV1Wrapper:
    """One network, one cached pipeline per language, audio as an async stream.

    Nothing is read until `initialize`, which the first use calls by itself. One that fails leaves nothing behind,
    so the next try starts afresh.
    """

    def __init__(
        self,
        config_path: Path | str,
        model_path: Path | str,
        *,
        voices_path: Path | str | None = None,
        device: str = "auto",
        stream: Literal["fast", "exact"] = "fast",
        thread: TurnThread | None = None,
    ) -> None:
        """Remember where things are.

        `stream` "fast" speaks long sentences in windows, "exact" each as a whole, as `KPipeline` would.
        `voices_path` is the folder of voice packs; without one it is `voices/v1_0` beside the `models` folder that
        `model_path` lies in. `thread` does the work; without one the wrapper makes its own.
        """
        self.config_path = Path(config_path)
        self.model_path = Path(model_path)
        beside = self.model_path.parent.parent.parent / "voices" / self.model_path.parent.name
        self.packs = VoicePacks(Path(voices_path) if voices_path else beside, VERSION)
        self.device = device
        self.stream = stream
        self._thread = thread
        self._network: Network | None = None
        self._vocabulary: dict[str, int] = {}
        self._quiet: dict[str, KPipeline] = {}
        self._loud: dict[str, KPipeline] = {}

    def initialize(self) -> Network:
        """Load the network once; ModelError says what is wrong with which file."""
        if self._network is None:
            config = read_config(self.config_path)
            fit = Fit.load(_FIT) if self.stream == "fast" else None
            network = Network(load_model(config, self.model_path), choose_device(self.device), fit)
            self._vocabulary = config["vocab"]
            self._network = network
        return self._network

    def get_pipeline(self, lang_code: str, *, quiet: bool = False) -> KPipeline:
        """The pipeline of a language, made once and kept; `lang_code` is Kokoro's letter or any spelling of a tag.

        A quiet one yields graphemes and phonemes without sound and needs no weights; a loud one speaks with the
        one network and shares the quiet one's G2P. UnknownLanguageError for a language that is not there.
        """
        letter = g2p.letter_of(lang_code)
        if letter not in self._quiet:
            self._quiet[letter] = g2p.make_quiet_pipeline(letter)
        if quiet:
            return self._quiet[letter]
        if letter not in self._loud:
            loud = copy.copy(self._quiet[letter])
            loud.model = self.initialize().model
            self._loud[letter] = loud
        return self._loud[letter]

    def pieces(
        self, text: str, voice: str | Tensor, lang_code: str, speed: float = 1.0, clock: Clock | None = None
    ) -> Iterator[Tensor | None]:
        """Speak a text step by step on the calling thread.

        Yields sound as it is made, float32 of shape (n_samples,) at 24 kHz, and None after a step that made none.
        `clock` is told of words before the sound that they are in.
        `voice` is the name of a pack or a pack, float32 of shape (510, 1, 256).
        """
        pack = self.packs.get(voice) if isinstance(voice, str) else voice
        pipeline = self.get_pipeline(lang_code, quiet=True)
        network = self.initialize()
        for piece in g2p.phonemize(pipeline, text):
            yield None
            for part in self._utterable(piece.phonemes, network):
                ids = [self._vocabulary[symbol] for symbol in part if symbol in self._vocabulary]
                # The row counts phonemes, not ids, and from zero: one that does not exist is never asked for.
                row, name, durations = pack[len(part) - 1], voice if isinstance(voice, str) else "", list[int]()
                sound = network.pieces(ids, row, speed, name, durations)
                if clock is not None:
                    yield next(sound)  # the front half: what it says of durations is known before any sound
                    self._tell(clock, pipeline, piece, durations)
                yield from sound

    def _tell(self, clock: Clock, pipeline: KPipeline, piece: Phonemes, durations: list[int]) -> None:
        """The words of a piece, where the network has said how long each phoneme lasts."""
        # Symbols without an id are not spoken and have no duration; a piece of several parts, one reading of more
        # than 510 symbols, has no word that is known.
        is_spoken = [symbol in self._vocabulary for symbol in piece.phonemes]
        words = g2p.words_of(pipeline, piece) if sum(is_spoken) + 2 == len(durations) else []
        clock.count([word.among(is_spoken) for word in words], durations)

    @staticmethod
    def _utterable(phonemes: str, network: Network) -> Iterator[str]:
        """Phonemes in parts of at most 510: only a single character's reading could ever be longer."""
        limit = network.max_tokens - 2
        for start in range(0, len(phonemes), limit):
            yield phonemes[start : start + limit]

    async def forward(
        self, text: str, voice: str | Tensor, lang_code: str, speed: float = 1.0
    ) -> AsyncGenerator[Tensor, None]:
        """Yield a text's sound as it is made: float32, shape (n_samples,), 24 kHz; the event loop is never blocked.

        Raises UnknownLanguageError, UnknownVoiceError, AssetError (a damaged voice) or ModelError (weights).
        """
        if self._thread is None:
            self._thread = TurnThread()
        sound = self._thread.stream(
            lambda: self.pieces(text, voice, lang_code, speed),
            seconds_of=lambda piece: len(piece) / SAMPLE_RATE_HZ,
        )
        async with contextlib.aclosing(sound):
            async for piece in sound:
                yield piece
