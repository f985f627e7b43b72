"""`build_model`: Kokoro v0.19 behind the same face as `KokoroV1Wrapper`."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from kokoro_wyoming.audio.pcm import seconds_of
from kokoro_wyoming.audio.word_times import Clock, paired
from kokoro_wyoming.builds.v0_19 import g2p
from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.languages import match_language
from kokoro_wyoming.network.inference import AS_MADE, Network, OutputOptions, TrailingContext, choose_device
from kokoro_wyoming.network.loading import load_model, read_config
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.pronunciation import ipa, pronounce
from kokoro_wyoming.pronunciation.phonemes import SHORT_PHONEMES, Phonemes, of_runs
from kokoro_wyoming.releases import how_to_get
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.packs import Held, VoicePacks

_LOGGER = logging.getLogger(__name__)

VERSION = "v0.19"

CONFIG_PATH = Path(__file__).parent / "config.json"
"""The published config.json has sizes alone; this one has the vocabulary too, and what `KModel` asks for besides."""
_FIT_NAME, _LESSONS_NAME = "moments.npz", "lessons.npz"
"""Beside the weights: what scripts/learn_moments.py learned of them, and else what is learned here (`calibration`)."""
REHEARSAL_PATH = Path(__file__).with_name("rehearsal.json")
_COMPANY = "ðə lˈaɪts ɑːɹ ˈɔf."
"""Stands behind what is short while it is decoded, and is never heard: the lights are off."""


def build_model(
    model_path: Path | str,
    device: str = "auto",
    *,
    config_path: Path | str = CONFIG_PATH,
    voices_path: Path | str | None = None,
    stream: Literal["fast", "exact"] = "fast",
    thread: ModelThread | None = None,
) -> KokoroV019Wrapper:
    """The release behind the face of `KokoroV1Wrapper`; nothing is read until its `initialize`.

    `model_path` is `kokoro-v0_19.pth` or the half precision file; the other arguments are as there.
    """
    return KokoroV019Wrapper(
        config_path, model_path, voices_path=voices_path, device=device, stream=stream, thread=thread
    )


class KokoroV019Wrapper:
    """One network, one cached G2P per language, audio as an async stream."""

    def __init__(
        self,
        config_path: Path | str,
        model_path: Path | str,
        *,
        voices_path: Path | str | None = None,
        device: str = "auto",
        stream: Literal["fast", "exact"] = "fast",
        thread: ModelThread | None = None,
    ) -> None:
        """Remember where things are.

        `stream` "fast" speaks long sentences in windows where a fit of these weights lies beside them; without one,
        and with "exact", each is spoken as a whole.
        `voices_path` is the folder of voice packs; without one it is `voices/v0_19` beside the `models` folder that
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
        self._config: dict[str, Any] | None = None
        self._quiet: dict[str, g2p.QuietPipeline] = {}

    def initialize(self) -> Network:
        """Load the network once; ModelError says what is wrong with which file."""
        if self._network is None:
            if not self.model_path.is_file():
                raise ModelError(
                    f"Kokoro {VERSION} is not installed ({self.model_path} is missing); "
                    f"get it with {how_to_get(VERSION)}."
                )
            model = load_model(self._settings(), self.model_path)
            lessons = self.model_path.with_name(_LESSONS_NAME) if self.stream == "fast" else None
            self._network = Network(model, choose_device(self.device), self._fit(), lessons)
        return self._network

    def _fit(self) -> Fit | None:
        path = self.model_path.with_name(_FIT_NAME)
        if self.stream != "fast" or not path.is_file():
            return None
        try:
            return Fit.load(path, "remove the file, or make it anew with scripts/learn_moments.py")
        except ModelError as error:
            _LOGGER.warning("Kokoro %s speaks as if there were no %s: %s", VERSION, _FIT_NAME, error)
            return None

    @cached_property
    def rehearsal(self) -> dict[str, list[str]]:
        """What the network learns its own sound with: sentences in phonemes, by the letter of their language."""
        return dict(json.loads(REHEARSAL_PATH.read_text(encoding="utf-8")))

    def rehearse(self, phonemes: str, voice: str, speed: float) -> Iterator[None]:
        """Learn from an utterance that nobody hears, step by step on the calling thread."""
        ids = [self._settings()["vocab"][symbol] for symbol in phonemes]
        yield from self.initialize().rehearse(ids, self.packs.get(voice)[len(ids)], speed)

    def get_pipeline(self, lang_code: str) -> g2p.QuietPipeline:
        """The G2P of a language, made once and kept; `lang_code` is Kokoro's letter or any spelling of a tag.

        UnknownLanguageError for a language that is not there.
        """
        letter = g2p.letter_of(lang_code)
        if letter not in self._quiet:
            self._quiet[letter] = g2p.QuietPipeline(letter, self._settings()["vocab"])
        return self._quiet[letter]

    languages = g2p.LANGUAGES
    """The tags that a run of a sentence may have. Foreign letters are left to espeak's English."""

    def symbols(self, written: str, language: str) -> str:
        """What can be said of IPA that somebody wrote; empty for none of it."""
        return ipa.espeak_symbols(written, self._settings()["vocab"])

    def phonemes(self, runs: Iterable[Run], lang_code: str) -> Iterator[Phonemes]:
        """How a sentence sounds, in pieces that the network can speak.

        The runs are as `pronounce.pronounce` gives them.
        """
        return of_runs(runs, lambda run: self._phonemized(run, run.language or lang_code))

    def _phonemized(self, run: Run, lang_code: str) -> Iterator[Phonemes]:
        return self.get_pipeline(lang_code).pieces(run.text if run.words is None else run.words)

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
        """Speak a sentence step by step on the calling thread; its runs are as `pronounce.pronounce` gives them.

        Yields sound as it is made, float32 of shape (n_samples,) at 24 kHz, and None after a step that made none.
        `clock` is told of words before the sound that they are in.
        `voice` is the name of a pack or a pack, float32 of shape (511, 1, 256); `held` is as for `VoicePacks.get`.
        """
        pack = self.packs.get(voice, held) if isinstance(voice, str) else voice
        self.get_pipeline(lang_code)
        network = self.initialize()
        vocabulary = self._settings()["vocab"]
        limit = network.max_tokens - 2
        for piece in self.phonemes(runs, lang_code):
            yield None
            # Only a single character's reading could ever be longer than the limit.
            for start in range(0, len(piece.phonemes), limit):
                ids = [vocabulary[symbol] for symbol in piece.phonemes[start : start + limit]]
                # The row counts tokens, pads not counted, and row 0 is of the empty text: one off from v1.0.
                row, name = pack[len(ids)], voice if isinstance(voice, str) else ""
                words = paired(piece.graphemes, piece.phonemes) if clock and len(ids) == len(piece.phonemes) else []
                count = partial(clock.count, words) if clock else None
                yield from network.pieces(ids, row, speed, name, count, self._company(ids, pack), serving)

    def _company(self, ids: list[int], pack: Tensor) -> TrailingContext | None:
        if self.stream == "exact" or len(ids) > SHORT_PHONEMES:
            return None
        vocabulary = self._settings()["vocab"]
        return TrailingContext([vocabulary[symbol] for symbol in _COMPANY], pack[len(_COMPANY)])

    def read(self, text: str, lang_code: str) -> tuple[Run, ...]:
        """A plain text as it is to be read."""
        return pronounce.pronounce([Run(text)], match_language(lang_code) or lang_code, self)

    async def forward(
        self, text: str, voice: str | Tensor, lang_code: str, speed: float = 1.0
    ) -> AsyncGenerator[Tensor, None]:
        """Yield a text's sound as it is made: float32, shape (n_samples,), 24 kHz; the event loop is never blocked.

        Raises UnknownLanguageError, UnknownVoiceError, AssetError (a damaged voice) or ModelError (weights).
        """
        if self._thread is None:
            self._thread = ModelThread()
        sound = self._thread.stream(
            lambda: self.pieces(self.read(text, lang_code), voice, lang_code, speed),
            seconds_of=seconds_of,
        )
        async with contextlib.aclosing(sound):
            async for piece in sound:
                yield piece

    def _settings(self) -> dict[str, Any]:
        if self._config is None:
            self._config = read_config(self.config_path)
        return self._config
