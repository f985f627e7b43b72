"""`KokoroV1Wrapper`: Kokoro v1.0 over `kokoro.KModel` and `kokoro.KPipeline`."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from kokoro import KPipeline
from torch import Tensor

from kokoro_wyoming.audio.pcm import seconds_of
from kokoro_wyoming.audio.word_times import Clock, SpokenWord, paired
from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.languages import match_language
from kokoro_wyoming.network.inference import AS_MADE, Network, OutputOptions, TrailingContext, choose_device
from kokoro_wyoming.network.loading import load_model, read_config
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.pronunciation import ipa, pronounce
from kokoro_wyoming.pronunciation.phonemes import SHORT_PHONEMES, Phonemes, of_runs
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.packs import Held, VoicePacks

VERSION = "v1.0"
_FIT = Path(__file__).with_name("moments.npz")
"""What was learned of the published weights, to speak in windows; scripts/learn_moments.py makes it."""
_LESSONS_NAME = "lessons.npz"
"""Beside weights of the owner's own: what is learned of them here (`calibration`)."""
REHEARSAL_PATH = Path(__file__).with_name("rehearsal.json")
_COMPANY = "ðə lˈIts ɑɹ ˈɔf."
"""Stands behind what is short in every language while it is decoded, and is never heard: the lights are off."""


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
        thread: ModelThread | None = None,
        published: bool = True,
    ) -> None:
        """Remember where things are.

        `stream` "fast" speaks long sentences in windows and short ones in company, "exact" each as a whole and by
        itself, as `KPipeline` would. Of weights that are not `published`, rounded or not, nothing is known at first,
        and no sentence is spoken in windows.
        `voices_path` is the folder of voice packs; without one it is `voices/v1_0` beside the `models` folder that
        `model_path` lies in. `thread` does the work; without one the wrapper makes its own.
        """
        self.config_path = Path(config_path)
        self.model_path = Path(model_path)
        beside = self.model_path.parent.parent.parent / "voices" / self.model_path.parent.name
        self.packs = VoicePacks(Path(voices_path) if voices_path else beside, VERSION)
        self.device = device
        self.stream = stream
        self.published = published
        self._thread = thread
        self._network: Network | None = None
        self._config: dict[str, Any] | None = None
        self._quiet: dict[str, KPipeline] = {}
        self._loud: dict[str, KPipeline] = {}
        self._foreign: dict[str, g2p.ForeignPipeline] = {}

    def initialize(self) -> Network:
        """Load the network once; ModelError says what is wrong with which file."""
        if self._network is None:
            config = self._config = read_config(self.config_path)
            in_windows = self.stream == "fast"
            fit = Fit.load(_FIT) if in_windows and self.published else None
            lessons = self.model_path.with_name(_LESSONS_NAME) if in_windows else None
            network = Network(load_model(config, self.model_path), choose_device(self.device), fit, lessons)
            self._network = network
        return self._network

    @cached_property
    def rehearsal(self) -> dict[str, list[str]]:
        """What the network learns its own sound with: sentences in phonemes, by the letter of their language."""
        return dict(json.loads(REHEARSAL_PATH.read_text(encoding="utf-8")))

    def rehearse(self, phonemes: str, voice: str, speed: float) -> Iterator[None]:
        """Learn from an utterance that nobody hears, step by step on the calling thread."""
        network = self.initialize()
        vocabulary = self._settings()["vocab"]
        ids = [vocabulary[symbol] for symbol in phonemes if symbol in vocabulary]
        yield from network.rehearse(ids, self.packs.get(voice)[len(phonemes) - 1], speed)

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

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags that a run of a sentence may have, whoever speaks it."""
        return g2p.readable_languages()

    def symbols(self, written: str, language: str) -> str:
        """What can be said of IPA that somebody wrote; empty for none of it."""
        return ipa.kokoro_symbols(written, language, self._settings()["vocab"])

    def phonemes(self, runs: Iterable[Run], lang_code: str) -> Iterator[Phonemes]:
        """How a sentence sounds, in pieces that the network can speak.

        The runs are as `pronounce.pronounce` gives them.
        """
        return of_runs(runs, lambda run: self._phonemized(run, run.language or lang_code))

    def _phonemized(self, run: Run, lang_code: str) -> Iterator[Phonemes]:
        pipeline = self._foreign_pipeline(lang_code) or self.get_pipeline(lang_code, quiet=True)
        return g2p.phonemize(pipeline, run.text if run.words is None else run.words)

    def _foreign_pipeline(self, tag: str) -> g2p.ForeignPipeline | None:
        if tag in g2p.FOREIGN and tag not in self._foreign:
            self._foreign[tag] = g2p.ForeignPipeline(tag)
        return self._foreign.get(tag)

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
        `voice` is the name of a pack or a pack, float32 of shape (510, 1, 256); `held` is as for `VoicePacks.get`.
        """
        pack = self.packs.get(voice, held) if isinstance(voice, str) else voice
        self.get_pipeline(lang_code, quiet=True)
        network = self.initialize()
        vocabulary = self._settings()["vocab"]
        runs = tuple(runs)
        for piece in self.phonemes(runs, lang_code):
            yield None
            spoken = Phonemes(piece.graphemes, ipa.nearest(piece.phonemes, vocabulary))
            for part in self._utterable(spoken.phonemes, network):
                ids = [vocabulary[symbol] for symbol in part if symbol in vocabulary]
                # The row counts phonemes, not ids, and from zero: one that does not exist is never asked for.
                row, name = pack[len(part) - 1], voice if isinstance(voice, str) else ""
                words = self._words(spoken, runs, lang_code) if clock and part == spoken.phonemes else []
                count = partial(clock.count, words) if clock else None
                yield from network.pieces(ids, row, speed, name, count, self._company(part, pack), serving)

    def _company(self, phonemes: str, pack: Tensor) -> TrailingContext | None:
        if self.stream == "exact" or len(phonemes) > SHORT_PHONEMES:
            return None
        vocabulary = self._settings()["vocab"]
        return TrailingContext([vocabulary[symbol] for symbol in _COMPANY], pack[len(_COMPANY) - 1])

    def _words(self, piece: Phonemes, runs: Sequence[Run], lang_code: str) -> list[SpokenWord]:
        """The words of a piece, with their places among the symbols that are spoken."""
        one_way = len(runs) == 1 and runs[0].phonemes is None and runs[0].language is None
        if one_way:
            words = g2p.words_of(self.get_pipeline(lang_code, quiet=True), piece)
        else:
            words = paired(piece.graphemes, piece.phonemes)
        is_spoken = [symbol in self._settings()["vocab"] for symbol in piece.phonemes]
        return [word.among(is_spoken) for word in words]

    @staticmethod
    def _utterable(phonemes: str, network: Network) -> Iterator[str]:
        """Phonemes in parts of at most 510: only a single character's reading could ever be longer."""
        limit = network.max_tokens - 2
        for start in range(0, len(phonemes), limit):
            yield phonemes[start : start + limit]

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
