"""Loads each release once, on demand, off the event loop, and lets an idle one go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection
from functools import partial
from pathlib import Path
from typing import Any, Literal

from kokoro_wyoming import assets
from kokoro_wyoming.assets.store import Store, default_store, weights_path
from kokoro_wyoming.builds import v0_19, v1_0
from kokoro_wyoming.builds.described import DescribedRelease
from kokoro_wyoming.builds.installed import speakable_languages
from kokoro_wyoming.builds.named_g2p import Limits
from kokoro_wyoming.builds.release import Release
from kokoro_wyoming.engine.calibration import calibrate
from kokoro_wyoming.network.memory import let_dictionaries_go, return_memory, trim_heap
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.processor import Waiting
from kokoro_wyoming.releases import DEFAULT_VERSION, described, find, is_described, match_version
from kokoro_wyoming.scheduler import ModelThread, on_own_thread
from kokoro_wyoming.voices.folders import VoiceFolders

_LOGGER = logging.getLogger(__name__)


class ModelManager:
    """Loads each release at its first use and keeps it; a failed load leaves nothing, so the next use tries again.

    A release other than the default is let go when nobody has used it for a while. The default one stays: an answer
    should not wait for a load.
    """

    def __init__(
        self,
        models: Path | str | None = None,
        voices: Path | str | None = None,
        *,
        default_version: str = DEFAULT_VERSION,
        device: str = "auto",
        stream: Literal["fast", "exact"] = "fast",
        thread: ModelThread | None = None,
        release_idle_seconds: float = 0,
        calibrates: bool = False,
        program_limits: Limits | None = None,
    ) -> None:
        """`models` and `voices` are the folders that hold one folder per release, such as `v1_0`.

        Without them they are those that `kokoro-wyoming fetch` fills. `thread` is where models speak;
        `release_idle_seconds` is how long a release may be idle before it is let go, 0 for ever. With `calibrates`,
        weights of which no fit is known learn their own sound while nobody listens. `program_limits` are what G2Ps
        that are programs are held to; without them none is started.
        """
        at_home = default_store()
        self._store = Store(Path(models or at_home.models), Path(voices or at_home.voices))
        find(self._store.models)
        self.default_version = match_version(default_version)
        self.folders = VoiceFolders(self._store, self._speakable_languages, self.default_version)
        self.device = device
        self.stream = stream
        self.thread = thread or ModelThread(waiting=Waiting())
        self._release_idle_seconds = release_idle_seconds
        self._program_limits = program_limits
        self._loading: dict[str, asyncio.Task[Release]] = {}
        self._calibrates = calibrates
        self._calibrating: dict[str, asyncio.Task[None]] = {}
        self._users: Counter[str] = Counter()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tidying: asyncio.Task[None] | None = None
        self._giving_back = asyncio.Lock()
        """Held while memory goes back: no dictionary is closed while its pages are let go."""

    async def get_model(self, version: str | None = None, languages: Collection[str] = ()) -> Release:
        """The loaded release; None is the default one. A load prepares these languages too.

        Callers at the same time share one load, and one that gives up does not stop it for the others. Raises
        UnknownVersionError, UnknownLanguageError, or ModelError naming the file that is wrong.
        """
        wanted = self._named(version)
        task = self._loading.get(wanted)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._loading[wanted] = asyncio.create_task(self._load(wanted, languages), name=f"load {wanted}")
        try:
            return await asyncio.shield(task)
        finally:
            self._let_go_when_idle(wanted)

    @contextlib.asynccontextmanager
    async def in_use(self, version: str | None = None) -> AsyncIterator[Release]:
        """The loaded release, which is not let go before the end of the block."""
        wanted = self._named(version)
        if self._is_outdated(wanted):
            self._release(wanted)
        self._users[wanted] += 1
        try:
            yield await self.get_model(wanted)
        finally:
            self._users[wanted] -= 1
            self._let_go_when_idle(wanted)

    def _named(self, version: str | None) -> str:
        """A release's name. One whose folder has just gone is known while it is in memory: somebody may be speaking."""
        if version is None:
            return self.default_version
        return version if version in self._loading else match_version(version)

    def loaded(self) -> tuple[str, ...]:
        """The releases in memory, or on their way there."""
        return tuple(self._loading)

    def forget_voices(self) -> None:
        """Have packs that were read before read anew, as their files may have changed."""
        for release in self._all_there():
            release.forget_voices()

    async def measure_again(self) -> bool:
        """Measure what a start may have measured beside other programs, in turns that no listener wants.

        Whether that is to be tried again later, as other programs are busy.
        """
        for version in self.loaded():
            tuning = self._tuning(version)
            if tuning is None or not tuning.is_doubtful:
                continue
            try:
                await self.thread.run_for_nobody(partial(tuning.measured_again, self._is_disturbed))
                await asyncio.to_thread(tuning.keep)
            except Exception:
                _LOGGER.exception("Kokoro %s goes on computing as it did", version)
                return False
        return any(tuning is not None and tuning.is_doubtful for tuning in map(self._tuning, self.loaded()))

    def _tuning(self, version: str) -> Tuning | None:
        release = self._there(version)
        return None if release is None else release.tuning

    def _is_disturbed(self) -> bool:
        """Whether something else computes: other programs, or a release that is being loaded."""
        return self.thread.makes_way or not all(task.done() for task in list(self._loading.values()))

    async def rest(self) -> None:
        """Let go of the memory that speech takes, while nobody speaks."""
        async with self._giving_back:
            for release in self._all_there():
                await self.thread.run(release.rest)
        await self.let_dictionaries_go()

    async def let_dictionaries_go(self) -> None:
        """Let go of the pages of dictionaries that sentences have read."""
        async with self._giving_back:
            await asyncio.to_thread(let_dictionaries_go)

    def _all_there(self) -> list[Release]:
        """The releases in memory."""
        return [release for release in map(self._there, self._loading) if release is not None]

    # Loading and letting go

    async def _load(self, version: str, languages: Collection[str]) -> Release:
        release = self._build(version)
        # Not on the model thread: a listener of another release should not wait meanwhile. One after the other: both
        # hold the interpreter most of the time, and what is measured at a first start should be alone.
        await on_own_thread(release.initialize)
        for language in languages:
            await on_own_thread(partial(release.load_language, language))
        # The file's own tensors, as large as the model, are no longer used.
        await on_own_thread(trim_heap)
        _LOGGER.debug("Kokoro %s is loaded", version)
        if self._calibrates:
            work = calibrate(release, self.thread, version)
            self._calibrating[version] = asyncio.create_task(work, name=f"calibrate {version}")
        return release

    def _build(self, version: str) -> Release:
        folder = self._store.models_folder(version)
        weights = weights_path(folder, version)
        settings: dict[str, Any] = {
            "voices_path": self._store.voices_folder(version),
            "device": self.device,
            "stream": self.stream,
            "thread": self.thread,
        }
        if is_described(version):
            return DescribedRelease(version, self._store, program_limits=self._program_limits, **settings)
        if version == v0_19.VERSION:
            return v0_19.KokoroV019Wrapper(v0_19.CONFIG_PATH, weights, **settings)
        # A fit is known of the weights that everyone has, and of those rounded.
        source = assets.weights_source(self._store, version)
        published = source in (assets.OFFICIAL, assets.HALF, assets.ROUNDED)
        return v1_0.KokoroV1Wrapper(folder / "config.json", weights, published=published, **settings)

    def _speakable_languages(self, version: str) -> list[str]:
        return speakable_languages(version, self._program_limits is not None)

    def _let_go_when_idle(self, version: str) -> None:
        """Let a release go after a while, unless somebody uses it again until then."""
        timer = self._timers.pop(version, None)
        if timer is not None:
            timer.cancel()
        if self._release_idle_seconds and version != self.default_version and not self._users[version]:
            later = asyncio.get_running_loop().call_later
            self._timers[version] = later(self._release_idle_seconds, self._let_idle_one_go, version)

    def _is_outdated(self, version: str) -> bool:
        """Whether a release's description has changed since it was loaded."""
        release = self._there(version)
        return release is not None and release.description != described(version)

    def _there(self, version: str) -> Release | None:
        """A release in memory."""
        task = self._loading.get(version)
        is_there = task is not None and task.done() and not task.cancelled() and task.exception() is None
        return task.result() if task is not None and is_there else None

    def _let_idle_one_go(self, version: str) -> None:
        self._timers.pop(version, None)
        if self._release(version):
            _LOGGER.info("Kokoro %s was idle and has left the memory; it is loaded again when asked for", version)

    def _release(self, version: str) -> bool:
        """Let a release go unless somebody uses it; whether it went."""
        release = self._there(version)
        if release is None or self._users[version]:
            return False
        del self._loading[version]
        self._tidying = asyncio.create_task(self._tidy(release, self._calibrating.pop(version, None)))
        return True

    async def _tidy(self, release: Release | None, calibrating: asyncio.Task[None] | None) -> None:
        if calibrating is not None:
            calibrating.cancel()
            await asyncio.wait([calibrating])
            calibrating = None  # it holds the network
        async with self._giving_back:
            if release is not None:
                await on_own_thread(release.close)
                release = None
            await on_own_thread(return_memory)
