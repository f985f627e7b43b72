"""Which releases there are, and loading each once, on demand, off the event loop."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Literal

from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper, g2p
from kokoro_wyoming.languages import TAGS, kokoro_letter
from kokoro_wyoming.releases import DEFAULT_VERSION, folder_name, match_version, weights_name
from kokoro_wyoming.turns import TurnThread
from kokoro_wyoming.voices import Catalogue

_LOGGER = logging.getLogger(__name__)

def installed_languages(version: str = DEFAULT_VERSION) -> dict[str, str | None]:
    """Each language tag of a release with None when it can be spoken here, else the reason and the remedy."""
    match_version(version)
    return {tag: g2p.missing_part(kokoro_letter(tag)) for tag in TAGS}


class ModelManager:
    """Loads each release at its first use and keeps it; a failed load leaves nothing, so the next use tries again."""

    def __init__(
        self,
        models: Path,
        voices: Path,
        *,
        default_version: str = DEFAULT_VERSION,
        device: str = "auto",
        stream: Literal["fast", "exact"] = "fast",
        thread: TurnThread | None = None,
    ) -> None:
        """`models` and `voices` are the folders that hold one folder per release, such as `v1_0`."""
        self.models = models
        self.voices = voices
        self.default_version = match_version(default_version)
        self.device = device
        self.stream = stream
        self.thread = thread or TurnThread()
        self._loading: dict[str, asyncio.Task[KokoroV1Wrapper]] = {}

    async def get_model(self, version: str | None = None) -> KokoroV1Wrapper:
        """The loaded release; None is the default one.

        Callers at the same time share one load, and one that gives up does not stop it for the others. Raises
        UnknownVersionError, or ModelError naming the file that is wrong.
        """
        wanted = match_version(version) if version else self.default_version
        task = self._loading.get(wanted)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._loading[wanted] = asyncio.create_task(self._load(wanted), name=f"load {wanted}")
        return await asyncio.shield(task)

    def catalogue(self, version: str | None = None) -> Catalogue:
        """The voices that can speak now: sound packs of languages that are installed. Reads every pack."""
        wanted = match_version(version) if version else self.default_version
        ready = [tag for tag, reason in installed_languages(wanted).items() if reason is None]
        return Catalogue.scan(wanted, self.voices / folder_name(wanted), ready)

    def forget_voices(self) -> None:
        """Have packs that were read before read anew, as their files may have changed."""
        for task in self._loading.values():
            if task.done() and not task.cancelled() and task.exception() is None:
                task.result().packs.forget()

    async def _load(self, version: str) -> KokoroV1Wrapper:
        folder = self.models / folder_name(version)
        wrapper = KokoroV1Wrapper(
            folder / "config.json",
            folder / weights_name(version),
            voices_path=self.voices / folder_name(version),
            device=self.device,
            stream=self.stream,
            thread=self.thread,
        )
        await self.thread.run(wrapper.initialize)
        _LOGGER.debug("Kokoro %s is loaded from %s", version, folder)
        return wrapper
