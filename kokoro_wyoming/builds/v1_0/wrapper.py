"""`KokoroV1Wrapper`: Kokoro v1.0 over `kokoro.KModel` and `kokoro.KPipeline`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from torch import Tensor

from kokoro_wyoming.audio.word_times import SpokenWord
from kokoro_wyoming.builds.release import Release
from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.network.kokoro_package import KPipeline
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.pronunciation import ipa
from kokoro_wyoming.pronunciation.phonemes import Phonemes
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.packs import VoicePacks, read_pack

VERSION = "v1.0"
REHEARSAL_PATH = Path(__file__).with_name("rehearsal.json")
_FIT = Path(__file__).with_name("moments.npz")
"""What was learned of the published weights, to speak in windows; scripts/learn_moments.py makes it."""


class KokoroV1Wrapper(Release):
    """Kokoro v1.0, with misaki as its G2P."""

    version = VERSION
    rehearsal_path = REHEARSAL_PATH
    trailing_phonemes = "ðə lˈIts ɑɹ ˈɔf."

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
        """Remember where things are, as `Release` does.

        `published` weights are those that everyone has, rounded or not: a fit of them comes with the program. Other
        weights have none at first, and no sentence is spoken in windows.
        """
        super().__init__(config_path, model_path, voices_path=voices_path, device=device, stream=stream, thread=thread)
        self.published = published
        self._loud_pipelines: dict[str, KPipeline] = {}
        self._foreign_pipelines: dict[str, g2p.ForeignPipeline] = {}

    def get_pipeline(self, lang_code: str, *, quiet: bool = False) -> KPipeline:
        """The pipeline of a language, made once and kept; `lang_code` is Kokoro's letter or any spelling of a tag.

        A quiet one yields graphemes and phonemes without sound and needs no weights. A loud one speaks with the one
        network and shares the quiet one's G2P; its voices are packs of this release, blends or paths of packs.
        UnknownLanguageError for a language that is not there.
        """
        pipeline = self._quiet_pipeline(lang_code)
        if quiet:
            return pipeline
        letter = pipeline.lang_code
        if letter not in self._loud_pipelines:
            loud = copy.copy(pipeline)
            loud.model = self.initialize().model
            loud.voices = {}
            loud.load_single_voice = partial(_read_voice, self.packs)  # KPipeline's own asks the hub for the file
            self._loud_pipelines[letter] = loud
        return self._loud_pipelines[letter]

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags that a run of a sentence may have, with every voice."""
        return g2p.readable_languages()

    def symbols(self, written: str, language: str) -> str:
        """The release's symbols for IPA that somebody wrote; empty where it knows none of them."""
        return ipa.kokoro_symbols(written, language, self.vocabulary)

    def phonemes(self, runs: Iterable[Run], lang_code: str) -> Iterator[Phonemes]:
        """The phonemes of a sentence, in parts that the network can speak; its runs are as `pronounce` gives them.

        What a G2P makes outside the vocabulary is replaced by the nearest symbols in it.
        """
        for part in super().phonemes(runs, lang_code):
            yield replace(part, phonemes=ipa.nearest(part.phonemes, self.vocabulary))

    def _letter_of(self, lang_code: str) -> str:
        return g2p.letter_of(lang_code)

    def _make_quiet_pipeline(self, letter: str) -> KPipeline:
        return g2p.make_quiet_pipeline(letter)

    def _phonemes_of_run(self, run: Run, lang_code: str) -> Iterator[Phonemes]:
        pipeline = self._foreign_pipeline(lang_code) or self._quiet_pipeline(lang_code)
        return g2p.phonemize(pipeline, run.text if run.words is None else run.words)

    def _foreign_pipeline(self, tag: str) -> g2p.ForeignPipeline | None:
        if tag in g2p.foreign_languages() and tag not in self._foreign_pipelines:
            self._foreign_pipelines[tag] = g2p.ForeignPipeline(tag)
        return self._foreign_pipelines.get(tag)

    def _fit(self) -> Fit | None:
        return Fit.load(_FIT) if self.published else None

    def _words_of_run(self, piece: Phonemes, lang_code: str) -> list[SpokenWord]:
        return g2p.words_of(self._foreign_pipeline(lang_code) or self._quiet_pipeline(lang_code), piece)


def _read_voice(packs: VoicePacks, voice: str) -> Tensor:
    """The pack of a voice's name, or of a path as `KPipeline` takes them: float32, shape (510, 1, 256)."""
    return read_pack(Path(voice), VERSION) if voice.endswith(".pt") else packs.get(voice)
