"""Which voices lie in the releases' folders, and when files come or go."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from pathlib import Path

from kokoro_wyoming.assets.store import Store, weights_path
from kokoro_wyoming.releases import DEFAULT_VERSION, files_in, find, match_version, other_versions
from kokoro_wyoming.scheduler import on_own_thread
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.packs import pack_paths


class VoiceFolders:
    """The folders of all releases. Reads every voice pack at each look, as files change at any time."""

    def __init__(
        self,
        store: Store,
        speakable_languages: Callable[[str], Iterable[str]],
        default_version: str = DEFAULT_VERSION,
    ) -> None:
        """`speakable_languages` gives the language tags of a release that can be spoken on this machine."""
        self.default_version = match_version(default_version)
        self._store = store
        self._speakable_languages = speakable_languages
        self._stamp_at_last_look: object = None

    def catalogue(self, version: str | None = None) -> Catalogue:
        """The voices of a release that can speak now: sound packs of languages that are installed."""
        wanted = match_version(version) if version else self.default_version
        return Catalogue.scan(wanted, self._store.voices_folder(wanted), self._speakable_languages(wanted))

    def catalogues(self) -> list[Catalogue]:
        """The default release's, then those of the others that are installed and have a voice."""
        self._stamp_at_last_look = self._stamp()
        find(self._store.models, keep=self.default_version)
        others = [self.catalogue(each) for each in other_versions(self.default_version) if self._has_weights(each)]
        return [self.catalogue(), *(catalogue for catalogue in others if catalogue.voices)]

    async def changes(self, every_seconds: float = 1.0) -> AsyncGenerator[list[Catalogue], None]:
        """Yield `catalogues` anew whenever files have come or gone since its last call; looks off the event loop.

        A change counts once two looks in a row find the same: a file that is being copied is not yet a voice.
        """
        before: object = self._stamp_at_last_look
        while True:
            await asyncio.sleep(every_seconds)
            now = await asyncio.to_thread(self._stamp)
            if now not in (self._stamp_at_last_look, before):
                before = now
            elif now != self._stamp_at_last_look:
                yield await on_own_thread(self.catalogues)

    def _has_weights(self, version: str) -> bool:
        return os.path.isfile(weights_path(self._store.models_folder(version), version))

    def _stamp(self) -> object:
        """A value that differs from an earlier one when a file has come, gone or changed."""
        stamp: list[tuple[object, ...]] = [*_stamps(files_in(self._store.models))]
        for version in (self.default_version, *other_versions(self.default_version)):
            stamp.append((version, self._has_weights(version)))
            stamp += _stamps(pack_paths(self._store.voices_folder(version)))
        return stamp


def _stamps(paths: Iterable[Path]) -> Iterator[tuple[object, ...]]:
    for path in paths:
        with contextlib.suppress(OSError):
            state = path.stat()
            yield path.name, state.st_mtime_ns, state.st_size
