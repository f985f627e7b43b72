"""Makes the engine that the settings ask for: model manager, engine, cache, prerendered texts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kokoro_wyoming import assets
from kokoro_wyoming.builds.chosen import house_language, is_left_out
from kokoro_wyoming.builds.installed import installed_languages
from kokoro_wyoming.builds.named_g2p import Limits
from kokoro_wyoming.config import Config
from kokoro_wyoming.config.options import sound_options, text_options, voice_options
from kokoro_wyoming.engine.model_engine import Engine
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import AssetError, ConfigError
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.lexicon import Lexicon
from kokoro_wyoming.pronunciation.pronounce import ReadingOptions
from kokoro_wyoming.releases import described, how_to_get
from kokoro_wyoming.scheduler import ModelThread, on_own_thread
from kokoro_wyoming.utterances.cache import AudioCache, CachedEngine
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.prerender import prerender, wanted
from kokoro_wyoming.utterances.requests import SpeechOptions
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.descriptions import VoiceRequest

_LOGGER = logging.getLogger(__name__)

Prerendering = Callable[[], Coroutine[None, None, None]]
"""Speaks the owner's texts into the cache."""


@dataclass
class RunningEngine:
    """An engine, and the cache in front of it."""

    config: Config
    inner: Engine
    """The engine that has the model speak."""
    engine: SpeechEngine
    """The engine that utterances use: the inner one, or the cache in front of it."""
    cache: AudioCache | None
    catalogues: Sequence[Catalogue]
    """The voices that the inner engine offers now."""
    weights: Mapping[str, str]
    """Which weights run, by release. They were read when the release was found; the files may have changed since."""

    @property
    def load(self) -> float:
        """The part of the machine's time that all listeners need; more than 1 is more than it can make."""
        return self.inner.manager.thread.load

    def prerendering(self) -> Prerendering | None:
        """The work of filling the cache; None where there is none. Raises as `SpeechEngine.resolve`."""
        if not isinstance(self.engine, CachedEngine):
            return None
        asked = [(one.text, VoiceRequest(one.voice, one.language)) for one in self.config.prerender]
        options = text_options(self.config)
        texts = wanted(asked, self.engine, options)
        return partial(prerender, self.engine, texts, options) if texts else None

    async def update(self, catalogues: Sequence[Catalogue]) -> None:
        """Offer these voices from now on. The cache is cleared, because voices may sound otherwise."""
        catalogues = _offered(self.config, catalogues)
        _log_refused(catalogues, _refused(self.catalogues))
        new = [catalogue for catalogue in catalogues if catalogue.version not in self.weights]
        known = {each.version: self.weights[each.version] for each in catalogues if each not in new}
        self.weights = {**known, **await asyncio.to_thread(_weights, self.config, new)}
        self.inner.update(catalogues, self.weights)
        before = {voice for catalogue in self.catalogues for voice in catalogue.voices}
        now = {voice for catalogue in catalogues for voice in catalogue.voices}
        self.catalogues = catalogues
        if self.cache is not None:
            self.cache.clear()
        _LOGGER.info("The voices have changed: %d came, %d went", len(now - before), len(before - now))


@dataclass(frozen=True)
class State:
    """What is read at a scrape. The defaults are those of a server that has not loaded its model yet."""

    connections: Mapping[str, int] = field(default_factory=dict)
    """Open connections by face."""
    is_ready: bool = False
    """Whether it would speak now: it has started, does not stop, and the model is not stuck."""
    stopping: bool = False
    running: RunningEngine | None = None


def manager_of(config: Config, thread: ModelThread) -> ModelManager:
    """The model manager, which loads releases."""
    return ModelManager(
        config.folders.models,
        config.folders.voices,
        default_version=config.model.version,
        device=config.model.device,
        stream=config.model.stream,
        thread=thread,
        release_idle_seconds=config.model.release_idle_seconds,
        calibrates=config.model.calibrate == "auto",
        program_limits=Limits.below(config.limits.stuck_seconds) if config.model.allow_g2p_commands else None,
    )


def speech_options(config: Config) -> SpeechOptions:
    """What the settings say about every utterance."""
    return SpeechOptions(text_options(config), sound_options(config), config.limits.text_chars)


async def start_engine(config: Config, manager: ModelManager) -> RunningEngine:
    """An engine with the voices that are on disk now, behind a new cache if the settings ask for one.

    A cache never outlives its engine: voices that are read anew may sound otherwise under the same names. Raises
    KokoroWyomingError.
    """
    # Not on the model thread: there, reading all voices would be a long turn while listeners wait.
    found = await on_own_thread(manager.folders.catalogues)
    catalogues = _offered(config, found)
    _log_refused(catalogues, {})
    _log_missing_languages(config)
    if found[0].voices and not catalogues[0].voices:
        here = ", ".join(found[0].languages())
        raise ConfigError(f"speech.languages: no voice here speaks these languages; there are voices for {here}.")
    if not catalogues[0].voices:
        raise AssetError(f"There are no voices in {catalogues[0].folder}; run {how_to_get(config.model.version)}.")
    weights = await asyncio.to_thread(_weights, config, catalogues)
    inner = _engine(config, manager, catalogues, weights)
    cache_bytes = round(config.cache.megabytes * 1_000_000)
    if not cache_bytes:
        return RunningEngine(config, inner, inner, None, catalogues, weights)
    cache = AudioCache(cache_bytes)
    described = "; ".join(program.description for program in inner.programs())
    return RunningEngine(config, inner, CachedEngine(inner, cache, weights=described), cache, catalogues, weights)


def _engine(
    config: Config, manager: ModelManager, catalogues: Sequence[Catalogue], weights: Mapping[str, str]
) -> Engine:
    choices = voice_options(config)
    return Engine(
        manager,
        catalogues,
        weights=weights,
        cuts_silence=not config.speech.pauses.as_made,
        choices=replace(choices, language=_language(config, catalogues[0])),
        max_utterances=config.limits.waiting_utterances,
        stuck_seconds=config.limits.stuck_seconds,
        reading=ReadingOptions(Lexicon(config.lexicon), config.speech.region),
    )


def _language(config: Config, catalogue: Catalogue) -> str:
    """The language that speaks where a client names none."""
    wanted, spoken = config.speech.language, catalogue.languages()
    own = described(catalogue.version).tags
    if wanted == TAGS[0] and wanted not in own and not config.speech.languages:
        return own[0]  # the default of the settings is for releases that speak it
    if wanted in spoken or not config.speech.languages:
        return house_language(wanted, spoken)
    return next(tag for tag in config.speech.languages if tag in spoken)


def _offered(config: Config, catalogues: Sequence[Catalogue]) -> list[Catalogue]:
    """The voices of the languages that the owner wants."""
    return [catalogue.only(config.speech.languages) for catalogue in catalogues]


def _weights(config: Config, catalogues: Sequence[Catalogue]) -> dict[str, str]:
    """Which weights run, by release."""
    store = assets.Store(models=config.folders.models, voices=config.folders.voices)
    versions = [catalogue.version for catalogue in catalogues]
    return {version: assets.weights_source(store, version) or "unknown weights" for version in versions}


def _log_missing_languages(config: Config) -> None:
    installed = installed_languages(config.model.version, config.model.allow_g2p_commands)
    missing = {tag: reason for tag, reason in installed.items() if reason is not None}
    left_out = [tag for tag in missing if is_left_out(tag)]
    if left_out:
        _LOGGER.info("Left out at the installation, so not offered: %s", ", ".join(left_out))
    for tag in missing:
        if tag not in left_out:
            _LOGGER.warning("%s is not offered: %s", tag, missing[tag])


def _refused(catalogues: Sequence[Catalogue]) -> dict[str, str]:
    """Why voices are refused: reasons by release and file."""
    return {f"{catalogue.version}/{name}": why for catalogue in catalogues for name, why in catalogue.refused.items()}


def _log_refused(catalogues: Sequence[Catalogue], known: Mapping[str, str]) -> None:
    """Log the refused voices, but for those that are `known` with the same reason."""
    for name, reason in _refused(catalogues).items():
        if known.get(name) != reason:
            _LOGGER.warning("The voice %s is not offered: %s", name, reason)
