"""`DescribedRelease`: a release that is a folder of data, as its `release.yaml` describes it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from kokoro_wyoming.assets.placing import sha256_of
from kokoro_wyoming.assets.store import Store
from kokoro_wyoming.assets.tensor_files import REMOVE
from kokoro_wyoming.audio.word_times import SpokenWord
from kokoro_wyoming.builds.named_g2p import Limits, NamedG2P, make_g2p
from kokoro_wyoming.builds.release import CALIBRATION_NAME, Release
from kokoro_wyoming.builds.v1_0 import g2p as v1_0_g2p
from kokoro_wyoming.errors import ModelError, UnknownLanguageError
from kokoro_wyoming.languages import match_language
from kokoro_wyoming.network.inference import Network
from kokoro_wyoming.network.learning import kept_utterances
from kokoro_wyoming.network.loading import read_config, vocabulary_fault
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.pronunciation import ipa
from kokoro_wyoming.pronunciation.phonemes import Phonemes, best_cut
from kokoro_wyoming.pronunciation.pronounce import pronounce
from kokoro_wyoming.releases import DEFAULT_VERSION, ReleaseLanguage, described, how_to_get, is_built_in, names
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.packs import pack_paths

_LOGGER = logging.getLogger(__name__)

REMEDY = "put the right file there"
ENOUGH_TEXTS = 8
"""A network learns its own sound with the texts of a language that has so many."""
_TRAILING_PHONEMES = 60
_BUILDS = Path(__file__).parent
_SAMPLE_TEXTS = _BUILDS / "sample_texts.json"
"""By language tag, or its first part: sentences for releases that bring too few of their own."""


class DescribedRelease(Release):
    """A release of others: Kokoro's network, with weights, voices and languages of its own."""

    def __init__(
        self,
        version: str,
        store: Store,
        *,
        voices_path: Path | str | None = None,
        device: str = "auto",
        stream: Literal["fast", "exact"] = "fast",
        thread: ModelThread | None = None,
        program_limits: Limits | None = None,
    ) -> None:
        """`version` is its name in `releases`, `store` where all releases lie.

        `program_limits` are what G2Ps that are programs are held to; without them none is started. The rest is as
        for `Release`.
        """
        self.version = version
        self.description = described(version)
        self._store = store
        self._program_limits = program_limits
        super().__init__(
            config_path_of(self.description.config, version, store),
            store.weights(version),
            voices_path=voices_path or store.voices_folder(version),
            device=device,
            stream=stream,
            thread=thread,
        )

    # Loading

    def initialize(self) -> Network:
        """Load the network once; ModelError says what is wrong with which file."""
        if self._network is None:
            self._check_pin()
        return super().initialize()

    def _check_pin(self) -> None:
        pinned = self.description.sha256
        if pinned is None or not self.model_path.is_file():
            return
        digest = sha256_of(self.model_path)
        if digest != pinned:
            raise ModelError(
                f"{self.model_path} is not the file that release.yaml pins: its SHA-256 is {digest[:12]}..., and "
                f"{pinned[:12]}... was expected; {REMEDY}, or correct weights.sha256."
            )

    def _remedy(self) -> str:
        if is_built_in(self.version):
            return f"{REMOVE}run {how_to_get(self.version)}"
        return REMEDY

    def _read_config(self) -> dict[str, Any]:
        config = read_config(self.config_path, self._remedy())
        if self.description.vocabulary is None:
            return config
        path = config_path_of(self.description.vocabulary, self.version, self._store)
        vocabulary = read_config(path, REMEDY)["vocab"]
        fault = vocabulary_fault(vocabulary, config["n_token"])
        if fault:
            raise ModelError(f"The vocabulary of {path} does not fit {self.config_path}: {fault}; name another one.")
        return config | {"vocab": vocabulary}

    def _fit(self) -> Fit | None:
        return None

    # Languages

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags that a run of a sentence may have: its own, and the languages of foreign scripts."""
        return tuple(dict.fromkeys([*self.description.tags, *v1_0_g2p.foreign_languages()]))

    def symbols(self, written: str, language: str) -> str:
        """The release's symbols for IPA that somebody wrote; empty where it knows none of them."""
        return ipa.kokoro_symbols(written, language, self.vocabulary)

    def _tag_of(self, lang_code: str) -> str:
        return self._letter_of(lang_code)

    def _letter_of(self, lang_code: str) -> str:
        """The tag of one of its languages, or of a foreign script's, for any spelling or its letter."""
        description = self.description
        own = description.tag_of_letter(lang_code) or match_language(lang_code)
        for tag in (lang_code, own, description.like(lang_code)):
            if tag in self.languages:
                return str(tag)
        told = ", ".join(description.tags)
        raise UnknownLanguageError(f"Kokoro {self.version} does not speak {lang_code[:40]!r}; it speaks {told}.")

    def _make_quiet_pipeline(self, letter: str) -> NamedG2P:
        language = self.description.language(letter)
        if language is None:
            return make_g2p(f"espeak:{letter.lower()}", letter)
        return make_g2p(language.g2p, letter, symbols=dict(language.symbols), program_limits=self._program_limits)

    def close(self) -> None:
        """Let the G2Ps go, and end their programs; from any thread, but not while somebody speaks."""
        for pipeline in [*self._quiet_pipelines.values()]:
            pipeline.close()
        super().close()

    def _phonemes_of_run(self, run: Run, lang_code: str) -> Iterator[Phonemes]:
        pipeline: NamedG2P = self._quiet_pipeline(lang_code)
        yield from self._fitting(pipeline, run.text if run.words is None else run.words)

    def _fitting(self, pipeline: NamedG2P, text: str) -> Iterator[Phonemes]:
        for piece in pipeline.pieces(text):
            if len(piece.phonemes) <= self.description.max_phonemes or len(piece.graphemes) < 2:
                yield Phonemes(piece.graphemes, ipa.nearest(piece.phonemes, self.vocabulary))
            else:
                cut = best_cut(piece.graphemes)
                for part in (piece.graphemes[:cut], piece.graphemes[cut:]):
                    yield from self._fitting(pipeline, part)

    def _words_of_run(self, piece: Phonemes, lang_code: str) -> list[SpokenWord]:
        pipeline: NamedG2P = self._quiet_pipeline(lang_code)
        return pipeline.words_of(piece)

    def unknown_symbols(self, language: ReleaseLanguage) -> dict[str, tuple[int, str]]:
        """The symbols that the G2P makes of a language's texts and the vocabulary does not have.

        By symbol: how often, and what is said in its place; empty for nothing.
        """
        pipeline: NamedG2P = self._quiet_pipeline(language.tag)
        runs = [run for text in texts_of(language) for run in pronounce([Run(text)], language.tag, self)]
        pieces = [piece for run in runs for piece in pipeline.pieces(run.text if run.words is None else run.words)]
        made = Counter(symbol for piece in pieces for symbol in piece.phonemes if not symbol.isspace())
        vocabulary = self.vocabulary
        near = {symbol: ipa.nearest(symbol, vocabulary) for symbol in made if symbol not in vocabulary}
        return {symbol: (made[symbol], near[symbol] if near[symbol] in vocabulary else "") for symbol in near}

    # Learning

    def _trailing_phonemes(self) -> str:
        return self._first_text

    @cached_property
    def _first_text(self) -> str:
        """The phonemes of its first sample text; empty where that cannot be read."""
        language = self.description.languages[0]
        try:
            return "".join(self._spoken(language.texts[0], language))[:_TRAILING_PHONEMES]
        except UnknownLanguageError:
            return ""

    @cached_property
    def rehearsal(self) -> dict[str, list[str]]:
        """Its sample texts in phonemes, by letter. Read on the model thread; empty where it has too few texts."""
        found: dict[str, list[str]] = {}
        for language in self.description.languages:
            try:
                sentences = self._sentences(language)
            except UnknownLanguageError as error:
                _LOGGER.debug("%s is not rehearsed: %s", language.tag, error)
                continue
            if len(sentences) >= ENOUGH_TEXTS:
                found[language.letter] = sentences
        return found

    def _sentences(self, language: ReleaseLanguage) -> list[str]:
        own = [piece for text in texts_of(language) for piece in self._spoken(text, language)]
        same = _same_in_default(language)
        if len(own) >= ENOUGH_TEXTS or same is None:
            return own
        of_default: dict[str, list[str]] = json.loads((_BUILDS / "v1_0" / "rehearsal.json").read_text("utf-8"))
        return [*own, *of_default[same.letter]]

    def _spoken(self, text: str, language: ReleaseLanguage) -> list[str]:
        return [piece.phonemes for piece in self.read(text, language.tag)]

    def rehearsal_voices(self) -> list[str]:
        """The names of its voices on disk; none where nothing can be rehearsed."""
        return [path.stem for path in pack_paths(self.packs.folder)] if self.rehearsal else []


def config_path_of(reference: str, version: str, store: Store) -> Path:
    """The config.json that a release names: a file in its own folder, or that of another release."""
    own = store.models_folder(version) / reference
    if own.is_file() or reference not in names():
        return own
    if is_built_in(reference):
        return _BUILDS / described(reference).folder / "config.json"
    return store.models_folder(reference) / described(reference).config


def texts_of(language: ReleaseLanguage) -> tuple[str, ...]:
    """The sample texts of a language: its own, and where these are few those that come with this program."""
    if len(language.texts) >= ENOUGH_TEXTS:
        return language.texts
    return tuple(dict.fromkeys([*language.texts, *sample_texts(language.tag)]))


def sample_texts(tag: str) -> tuple[str, ...]:
    """The sample texts that come with this program; none for most languages."""
    known: dict[str, list[str]] = json.loads(_SAMPLE_TEXTS.read_text("utf-8"))
    return tuple(known.get(tag) or known.get(tag.partition("-")[0]) or ())


def can_rehearse(language: ReleaseLanguage) -> bool:
    """Whether there are enough texts of a language to learn a network's own sound with."""
    return len(texts_of(language)) >= ENOUGH_TEXTS or _same_in_default(language) is not None


def _same_in_default(language: ReleaseLanguage) -> ReleaseLanguage | None:
    """The language of the default release, where that reads it by the same G2P."""
    same = described(DEFAULT_VERSION).language(language.tag)
    return same if same is not None and same.g2p == language.g2p else None


def lessons_of(store: Store, version: str) -> int:
    """From how many utterances a release's network has learned its own sound, as the file beside its weights says."""
    return kept_utterances(store.weights(version).with_name(CALIBRATION_NAME))


def missing_g2p(language: ReleaseLanguage, commands_allowed: bool = False) -> str | None:
    """Why a language cannot be spoken here, with the remedy; None when it can."""
    from kokoro_wyoming.builds.named import missing_part

    return missing_part(language.g2p, commands_allowed)
