"""`Release`: what every release of Kokoro has and does alike. Each adds its own facts and its own G2P."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Literal

from torch import Tensor

from kokoro_wyoming.assets.locations import notes_beside
from kokoro_wyoming.assets.tensor_files import REFETCH
from kokoro_wyoming.audio.pcm import seconds_of
from kokoro_wyoming.audio.word_times import Clock, SpokenWord, paired
from kokoro_wyoming.errors import ModelError, first_line
from kokoro_wyoming.languages import match_language
from kokoro_wyoming.network.inference import AS_MADE, Network, OutputOptions, TrailingContext, choose_device
from kokoro_wyoming.network.learning import CalibrationData
from kokoro_wyoming.network.loading import load_model, read_config
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.pronunciation import in_context, ipa
from kokoro_wyoming.pronunciation.phonemes import SHORT_PHONEMES, Phonemes, RunPart, has_sound, of_runs
from kokoro_wyoming.pronunciation.pronounce import AS_USUAL, ReadingOptions, pronounce
from kokoro_wyoming.pronunciation.readings import Reading, as_written
from kokoro_wyoming.releases import ReleaseDescription, described
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.packs import PinnedPacks, VoicePacks, pack_paths

_LOGGER = logging.getLogger(__name__)

CALIBRATION_NAME = "lessons.npz"
"""The file beside the weights that keeps what `engine.calibration` has learned of them."""
_TUNING_NAME = "tuning.json"
"""The file that keeps which way of computing is the quickest on this machine, in `notes_beside` the weights."""

_MAKING_A_PIPELINE = threading.Lock()
"""Held while a G2P is made: one thread may prepare a language while the model thread speaks another."""


class Release(ABC):
    """One network, one G2P per language, sound as an async stream.

    Nothing is read until `initialize`, which the first use calls by itself. A failed `initialize` leaves nothing
    behind, so the next one starts afresh.
    """

    version: str
    rehearsal_path: ClassVar[Path]
    """JSON: sentences in phonemes, by Kokoro's letter of their language."""
    trailing_phonemes: str = ""
    """The sentence that stands behind a short one while that is decoded (`TrailingContext`)."""
    description: ReleaseDescription
    """Its values."""

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

        `config_path` is the release's config.json, `model_path` its weights. `voices_path` is the folder of voice
        packs; without one it is `voices/<release>` beside the `models` folder that `model_path` lies in. `device` is
        "auto", "cpu", "cuda", "cuda:N" or "mps". `stream` "exact" speaks each sentence as a whole and by itself.
        "fast" speaks a long sentence in windows, where a fit of the weights is known, and decodes a short one with a
        sentence behind it. `thread` does the work; without one the release makes its own at the first `forward`.
        """
        self.description = described(self.version)
        self.config_path = Path(config_path)
        self.model_path = Path(model_path)
        folder = self.model_path.absolute().parent
        self.packs = VoicePacks(Path(voices_path or folder.parent.parent / "voices" / folder.name), self.version)
        self.device = device
        self.stream = stream
        self._thread = thread
        self._network: Network | None = None
        self._config: dict[str, Any] | None = None
        self._quiet_pipelines: dict[str, Any] = {}

    # What a release adds

    @property
    @abstractmethod
    def languages(self) -> Collection[str]:
        """The tags that a run of a sentence may have, with every voice; see `pronounce.Readable`."""

    @abstractmethod
    def symbols(self, written: str, language: str) -> str:
        """The release's symbols for IPA that somebody wrote; empty where it knows none of them."""

    @abstractmethod
    def _letter_of(self, lang_code: str) -> str:
        """Kokoro's letter for any spelling of a language; UnknownLanguageError for one that is not spoken."""

    @abstractmethod
    def _make_quiet_pipeline(self, letter: str) -> Any:
        """The G2P of a language; UnknownLanguageError when a part of it is not installed."""

    @abstractmethod
    def _phonemes_of_run(self, run: Run, lang_code: str) -> Iterator[Phonemes]:
        """The G2P's phonemes of a run in that language, in parts that the network can speak."""

    @abstractmethod
    def _fit(self) -> Fit | None:
        """What is known of the weights, to speak in windows; None for nothing."""

    # Loading

    def initialize(self) -> Network:
        """Load the network once; ModelError says what is wrong with which file or device.

        Where `device` is "auto" and the graphics card fails, the network is loaded for the processor.
        """
        if self._network is None:
            device = choose_device(self.device)
            try:
                self._network = self._load(device)
            except ModelError:
                raise
            except Exception as error:  # the driver, its memory, an operator: torch raises anything
                if device == "cpu":
                    raise
                told = f"The device {device} fails ({first_line(error)})"
                if self.device != "auto":
                    raise ModelError(f"{told}; set model.device to auto or cpu.") from error
                _LOGGER.warning("%s: the processor speaks in its place.", told)
                self._network = self._load("cpu")
        return self._network

    def _load(self, device: str) -> Network:
        """The network on a device; one that is not the processor has spoken a few sounds there."""
        self._config = self._read_config()
        model = load_model(self._config, self.model_path, self._remedy())
        in_windows = self.stream == "fast"
        calibration_path = self.model_path.with_name(CALIBRATION_NAME) if in_windows else None
        tuning_path = notes_beside(self.model_path) / _TUNING_NAME
        network = Network(model, device, self._fit() if in_windows else None, calibration_path, tuning_path=tuning_path)
        if device != "cpu":
            network.try_out()
        return network

    @property
    def config(self) -> dict[str, Any]:
        """The content of config.json; needs no weights. ModelError."""
        if self._config is None:
            self._config = self._read_config()
        return self._config

    def _read_config(self) -> dict[str, Any]:
        return read_config(self.config_path)

    def _remedy(self) -> str:
        """What helps against a damaged file, as the end of a sentence."""
        return REFETCH

    @property
    def vocabulary(self) -> dict[str, int]:
        """The network's token ids by phoneme symbol. ModelError."""
        return self.config["vocab"]

    def forget_voices(self) -> None:
        """Read voice packs anew at their next use, and forget what the network learned of them; from any thread."""
        self.packs.forget()
        if self._network is not None:
            self._network.forget_voices()

    def rest(self) -> None:
        """Let go of the memory that its layers compute in, while nobody speaks; on the thread that speaks."""
        if self._network is not None:
            self._network.rest()

    @property
    def tuning(self) -> Tuning | None:
        """How the network's convolutions are computed; None where it is not loaded."""
        return None if self._network is None else self._network.tuning

    @property
    def on_processor(self) -> bool:
        """Whether the network runs on the processor, and not on a card. Loads the network."""
        return self.initialize().device.type == "cpu"

    def close(self) -> None:
        """Let the G2Ps go, and end what they started; from any thread, but not while somebody speaks."""
        self._quiet_pipelines.clear()

    # Text to phonemes

    def get_pipeline(self, lang_code: str) -> Any:
        """The G2P of a language, made once and kept; `lang_code` is Kokoro's letter or any spelling of a tag.

        UnknownLanguageError for a language that is not there.
        """
        return self._quiet_pipeline(lang_code)

    def load_language(self, lang_code: str) -> None:
        """Read what a language's G2P needs, before a listener waits; from any thread. Raises as `get_pipeline`."""
        self._quiet_pipeline(lang_code)

    def _quiet_pipeline(self, lang_code: str) -> Any:
        letter = self._letter_of(lang_code)
        if letter not in self._quiet_pipelines:
            with _MAKING_A_PIPELINE:
                if letter not in self._quiet_pipelines:
                    self._quiet_pipelines[letter] = self._make_quiet_pipeline(letter)
        return self._quiet_pipelines[letter]

    def read(self, text: str, lang_code: str) -> Iterator[Phonemes]:
        """The phonemes of a plain text, in parts that the network can speak. Raises as `get_pipeline`."""
        return self.phonemes(pronounce([Run(text)], self._tag_of(lang_code), self), lang_code)

    def _tag_of(self, lang_code: str) -> str:
        return match_language(lang_code) or lang_code

    def phonemes(self, runs: Iterable[Run], lang_code: str) -> Iterator[Phonemes]:
        """The phonemes of a sentence, in parts that the network can speak; its runs are as `pronounce` gives them."""
        pieces_of = partial(self._pieces_of_run, lang_code)
        return of_runs(self._in_context(runs, lang_code), pieces_of, self.description.max_phonemes)

    def _pieces_of_run(self, lang_code: str, run: Run) -> Iterator[Phonemes]:
        return self._phonemes_of_run(run, run.language or lang_code)

    def _in_context(self, runs: Iterable[Run], lang_code: str) -> Iterator[Run]:
        """The runs; those with phonemes of their own are put into the sentence that the G2P reads, where it can be."""
        for _, group in groupby(runs, key=lambda run: run.language):
            side_by_side = [*group]
            is_mixed = len({run.phonemes is None for run in side_by_side}) > 1
            read = self._read_together(side_by_side, lang_code) if is_mixed else None
            yield from side_by_side if read is None else [read]

    def _read_together(self, runs: list[Run], lang_code: str) -> Run | None:
        whole = Run(in_context.written(runs), runs[0].language)
        if not any(run.phonemes is None and any(map(str.isalnum, run.words or run.text)) for run in runs):
            return None
        pieces = [*self._pieces_of_run(lang_code, whole)]
        if len(pieces) != 1:
            return None
        words = self._words_of_run(pieces[0], whole.language or lang_code)
        return in_context.together(runs, pieces[0].phonemes, words)

    def reading(self, runs: Iterable[Run], lang_code: str, reading: ReadingOptions = AS_USUAL) -> Reading:
        """How a sentence's runs are read; `reading` is what the owner wants. Raises as `get_pipeline`."""
        self._quiet_pipeline(lang_code)
        runs, tag = [*runs], self._tag_of(lang_code)
        pieces = [*self.phonemes(pronounce(runs, tag, self, reading), lang_code)]
        phonemes, words = "", list[SpokenWord]()
        for piece in pieces:
            phonemes += " " if phonemes else ""
            among = self._words_among_phonemes(piece, lang_code)
            words += (replace(word, first=len(phonemes) + word.first) for word in among)
            phonemes += piece.phonemes
        to_symbols = partial(self.symbols, language=tag)
        found = as_written("".join(run.text for run in runs), words, phonemes)
        written = (replace(word, phonemes=ipa.written(word.phonemes, to_symbols)) for word in found)
        return Reading(tag, phonemes, tuple(self._ids(phonemes)), tuple(written))

    # Text to sound

    async def forward(
        self, text: str, voice: str | Tensor, lang_code: str, speed: float = 1.0
    ) -> AsyncGenerator[Tensor, None]:
        """Yield a text's sound as it is made: float32, shape (n_samples,), 24 kHz; the event loop is never blocked.

        `voice` is as for `pieces`; `speed` 1.0 is the voice's own pace. Raises UnknownLanguageError,
        UnknownVoiceError, AssetError (a damaged voice) or ModelError (weights).
        """
        if self._thread is None:
            self._thread = ModelThread()
        sound = self._thread.stream(
            lambda: self.pieces([Run(text)], voice, lang_code, speed),
            seconds_of=seconds_of,
        )
        async with contextlib.aclosing(sound):
            async for piece in sound:
                yield piece

    def pieces(
        self,
        runs: Iterable[Run],
        voice: str | Tensor,
        lang_code: str,
        speed: float = 1.0,
        *,
        reading: ReadingOptions = AS_USUAL,
        clock: Clock | None = None,
        output: OutputOptions = AS_MADE,
        pinned: PinnedPacks | None = None,
    ) -> Iterator[Tensor | None]:
        """Pronounce a sentence's runs and speak them, step by step on the calling thread.

        Yields sound as it is made, float32 of shape (n_samples,) at 24 kHz, and None after a step that made none.
        `voice` is the name of a pack, a blend of packs, or a pack: float32 of shape (rows, 1, 256). `reading` is
        what the owner wants. `clock` is told of words before the sound that they are in. `pinned` is as for
        `VoicePacks.get`. Raises as `forward`.
        """
        name = voice if isinstance(voice, str) else ""
        pack = self.packs.get(voice, pinned) if isinstance(voice, str) else voice
        self._quiet_pipeline(lang_code)  # an unknown language is told before the weights are read
        network = self.initialize()
        pronounced = pronounce(runs, self._tag_of(lang_code), self, reading)
        longest = min(network.max_tokens - 2, self.description.longest_phonemes)
        for part in self.phonemes(pronounced, lang_code):
            yield None
            words = self._words(part, lang_code) if clock and len(part.phonemes) <= longest else []
            tell_durations = partial(clock.count, words) if clock else None
            for phonemes in _cut(part.phonemes, longest):
                row, context = self._style_row(pack, phonemes), self._trailing_context(phonemes, pack)
                yield from network.pieces(self._ids(phonemes), row, speed, name, tell_durations, context, output)

    def _ids(self, phonemes: str) -> list[int]:
        """The token ids of phonemes; a symbol that the network does not know has none."""
        vocabulary = self.vocabulary
        return [vocabulary[symbol] for symbol in phonemes if symbol in vocabulary]

    def _style_row(self, pack: Tensor, phonemes: str) -> Tensor:
        """The row of a pack for so many phonemes, those without an id counted: float32, shape (1, 256)."""
        return pack[len(phonemes) - self.description.phonemes_of_row_0]

    def _trailing_context(self, phonemes: str, pack: Tensor) -> TrailingContext | None:
        if self.stream == "exact" or len(phonemes) > SHORT_PHONEMES or not (trailing := self._trailing_phonemes()):
            return None
        return TrailingContext(self._ids(trailing), self._style_row(pack, trailing))

    def _trailing_phonemes(self) -> str:
        """`trailing_phonemes`, or those of a release that knows them only now; empty for none."""
        return self.trailing_phonemes

    def _words(self, part: Phonemes, lang_code: str) -> list[SpokenWord]:
        """The words of a part, with their places among the symbols that have an id."""
        vocabulary = self.vocabulary
        is_spoken = [symbol in vocabulary for symbol in part.phonemes]
        return [word.among(is_spoken) for word in self._words_among_phonemes(part, lang_code)]

    def _words_among_phonemes(self, piece: Phonemes, lang_code: str) -> list[SpokenWord]:
        """The words of a piece, with their places among its phonemes. What was given phonemes is one word."""
        return [
            replace(word, first=part.first + word.first)
            for part in piece.parts
            for word in self._words_of_part(part, piece.phonemes[part.first : part.first + part.count], lang_code)
        ]

    def _words_of_part(self, part: RunPart, phonemes: str, lang_code: str) -> list[SpokenWord]:
        if not has_sound(phonemes):
            return []
        if isinstance(part.run, in_context.ReadRun):
            return [*part.run.spoken]
        if part.run.phonemes is not None:
            return [SpokenWord(part.graphemes.strip(), 0, part.count)]
        return self._words_of_run(Phonemes(part.graphemes, phonemes), part.run.language or lang_code)

    def _words_of_run(self, piece: Phonemes, lang_code: str) -> list[SpokenWord]:
        """The words of a run, with their places among its phonemes; a release whose G2P tells them knows better."""
        return paired(piece.graphemes, piece.phonemes)

    # Learning

    @cached_property
    def rehearsal(self) -> dict[str, list[str]]:
        """What the network learns its own sound with: sentences in phonemes, by the letter of their language."""
        return dict(json.loads(self.rehearsal_path.read_text(encoding="utf-8")))

    def rehearsal_voices(self) -> list[str]:
        """The names of the voices on disk whose language has sentences in `rehearsal`."""
        return [path.stem for path in pack_paths(self.packs.folder) if path.stem[0] in self.rehearsal]

    def calibration_data(self) -> CalibrationData | None:
        """What `rehearse` adds to; None where the network learns nothing."""
        return self.initialize().calibration_data

    def rehearse(self, phonemes: str, voice: str, speed: float) -> Iterator[None]:
        """Learn from an utterance that nobody hears, step by step on the calling thread."""
        network = self.initialize()
        yield from network.rehearse(self._ids(phonemes), self._style_row(self.packs.get(voice), phonemes), speed)

    def learn(self) -> None:
        """Speak in windows from now on, by what was rehearsed; from any thread."""
        self.initialize().learn()


def _cut(phonemes: str, longest: int) -> Iterator[str]:
    """Phonemes in parts of at most `longest`: only a single character's phonemes could ever be more."""
    for start in range(0, len(phonemes), longest):
        yield phonemes[start : start + longest]
