"""Which releases there are, loading each once, on demand, off the event loop, and letting an idle one go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Literal

from kokoro_wyoming import assets
from kokoro_wyoming.assets.store import folder_name, weights_path
from kokoro_wyoming.builds import v0_19, v1_0
from kokoro_wyoming.builds.installed import installed_languages
from kokoro_wyoming.builds.release import LoadedRelease
from kokoro_wyoming.engine.calibration import calibrate
from kokoro_wyoming.network.memory import return_memory
from kokoro_wyoming.openmp import Waiting
from kokoro_wyoming.releases import DEFAULT_VERSION, match_version, other_versions
from kokoro_wyoming.scheduler import ModelThread, on_own_thread
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.packs import pack_paths

_LOGGER = logging.getLogger(__name__)


class ModelManager:
    """Loads each release at its first use and keeps it; a failed load leaves nothing, so the next use tries again.

    A release other than the default is let go when nobody has used it for a while. The default one stays: an answer
    should not wait for a load.
    """

    def __init__(
        self,
        models: Path,
        voices: Path,
        *,
        default_version: str = DEFAULT_VERSION,
        device: str = "auto",
        stream: Literal["fast", "exact"] = "fast",
        thread: ModelThread | None = None,
        release_idle_seconds: float = 0,
        calibrates: bool = False,
    ) -> None:
        """`models` and `voices` are the folders that hold one folder per release, such as `v1_0`.

        `thread` is where models speak; `release_idle_seconds` is how long one may be idle, 0 for ever. One that
        `calibrates` has weights that nobody knows learn their own sound while nobody listens.
        """
        self.models = models
        self.voices = voices
        self.default_version = match_version(default_version)
        self.device = device
        self.stream = stream
        self.thread = thread or ModelThread(waiting=Waiting())
        self._release_idle_seconds = release_idle_seconds
        self._loading: dict[str, asyncio.Task[LoadedRelease]] = {}
        self._calibrates = calibrates
        self._calibrating: dict[str, asyncio.Task[None]] = {}
        self._users: Counter[str] = Counter()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tidying: asyncio.Task[None] | None = None
        self._seen: object = None

    async def get_model(self, version: str | None = None) -> LoadedRelease:
        """The loaded release; None is the default one.

        Callers at the same time share one load, and one that gives up does not stop it for the others. Raises
        UnknownVersionError, or ModelError naming the file that is wrong.
        """
        wanted = match_version(version) if version else self.default_version
        task = self._loading.get(wanted)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._loading[wanted] = asyncio.create_task(self._load(wanted), name=f"load {wanted}")
        try:
            return await asyncio.shield(task)
        finally:
            self._rest(wanted)

    @contextlib.asynccontextmanager
    async def in_use(self, version: str | None = None) -> AsyncIterator[LoadedRelease]:
        """The loaded release, which is not let go before the end of the block."""
        wanted = match_version(version) if version else self.default_version
        self._users[wanted] += 1
        try:
            yield await self.get_model(wanted)
        finally:
            self._users[wanted] -= 1
            self._rest(wanted)

    def loaded(self) -> tuple[str, ...]:
        """The releases in memory, or on their way there."""
        return tuple(self._loading)

    # Voices

    def catalogue(self, version: str | None = None) -> Catalogue:
        """The voices that can speak now: sound packs of languages that are installed. Reads every pack."""
        wanted = match_version(version) if version else self.default_version
        ready = [tag for tag, reason in installed_languages(wanted).items() if reason is None]
        return Catalogue.scan(wanted, self.voices / folder_name(wanted), ready)

    def catalogues(self) -> list[Catalogue]:
        """The default release's, then those of the others that are installed and have a voice. Reads every pack."""
        self._seen = self._stamp()
        others = [self.catalogue(version) for version in other_versions(self.default_version) if self._has(version)]
        return [self.catalogue(), *(catalogue for catalogue in others if catalogue.voices)]

    async def changes(self, every_seconds: float = 1.0) -> AsyncGenerator[list[Catalogue], None]:
        """`catalogues` anew whenever files have come or gone since it was last called; looks off the event loop.

        A change counts once it has stood still for a look: a file that is being copied is not yet a voice.
        """
        before: object = self._seen
        while True:
            await asyncio.sleep(every_seconds)
            now = await asyncio.to_thread(self._stamp)
            if now not in (self._seen, before):
                before = now
            elif now != self._seen:
                yield await on_own_thread(self.catalogues)

    def forget_voices(self) -> None:
        """Have packs that were read before read anew, as their files may have changed."""
        for task in self._loading.values():
            if task.done() and not task.cancelled() and task.exception() is None:
                release = task.result()
                release.packs.forget()
                release.initialize().vocoder.forget_voices()

    def _has(self, version: str) -> bool:
        """Whether a release's weights are there."""
        return os.path.isfile(weights_path(self.models / folder_name(version), version))

    def _has_published(self, version: str) -> bool:
        """Whether a release's weights are those that everyone has, or those rounded."""
        source = assets.weights_source(assets.Store(self.models, self.voices), version)
        return source in (assets.OFFICIAL, assets.HALF, assets.ROUNDED)

    def _stamp(self) -> object:
        """Something that is another when a file has come, gone or changed."""
        stamp: list[tuple[object, ...]] = []
        for version in (self.default_version, *other_versions(self.default_version)):
            stamp.append((version, self._has(version)))
            for path in pack_paths(self.voices / folder_name(version)):
                with contextlib.suppress(OSError):
                    state = path.stat()
                    stamp.append((path.name, state.st_mtime_ns, state.st_size))
        return stamp

    # Loading and letting go

    async def _load(self, version: str) -> LoadedRelease:
        release = self._build(version)
        # Not on the model thread: who listens to another release should not wait meanwhile.
        await on_own_thread(release.initialize)
        # The file's own tensors, as large as the model, are no longer used.
        await on_own_thread(return_memory)
        _LOGGER.debug("Kokoro %s is loaded", version)
        if self._calibrates:
            work = calibrate(release, self.thread, version)
            self._calibrating[version] = asyncio.create_task(work, name=f"calibrate {version}")
        return release

    def _build(self, version: str) -> LoadedRelease:
        folder = self.models / folder_name(version)
        weights = weights_path(folder, version)
        voices = self.voices / folder_name(version)
        if version == v0_19.VERSION:
            return v0_19.build_model(weights, self.device, voices_path=voices, stream=self.stream, thread=self.thread)
        return v1_0.KokoroV1Wrapper(
            folder / "config.json",
            weights,
            voices_path=voices,
            device=self.device,
            stream=self.stream,
            thread=self.thread,
            published=self._has_published(version),
        )

    def _rest(self, version: str) -> None:
        """Let a release go after a while, unless somebody uses it again until then."""
        timer = self._timers.pop(version, None)
        if timer is not None:
            timer.cancel()
        if self._release_idle_seconds and version != self.default_version and not self._users[version]:
            later = asyncio.get_running_loop().call_later
            self._timers[version] = later(self._release_idle_seconds, self._release, version)

    def _release(self, version: str) -> None:
        self._timers.pop(version, None)
        task = self._loading.get(version)
        if task is None or not task.done() or task.cancelled() or task.exception() or self._users[version]:
            return
        del self._loading[version]
        _LOGGER.info("Kokoro %s was idle and has left the memory; it is loaded again when asked for", version)
        self._tidying = asyncio.create_task(self._tidy(self._calibrating.pop(version, None)))

    async def _tidy(self, calibrating: asyncio.Task[None] | None) -> None:
        if calibrating is not None:
            calibrating.cancel()
            await asyncio.wait([calibrating])
            calibrating = None  # it holds the network
        await on_own_thread(return_memory)
