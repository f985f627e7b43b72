"""Sounds that are fetched by an address: each is made once for all who ask, and kept for some minutes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterator

from kokoro_wyoming.errors import ShuttingDownError

KEEP_SECONDS = 300.0
"""How long a sound stays after its last use: a player asks several times, and once more when it is paused."""
MAX_SOUNDS = 32
MAX_BYTES = 32 * 1024 * 1024
"""Most that is kept while nobody listens; the sound that was used last stays, however large it is."""


class KeptSound:
    """A file of sound, whole or while it is made. Everyone who listens reads it at their own pace."""

    def __init__(self) -> None:
        self.tag = f'"{secrets.token_hex(8)}"'
        """Its ETag. The same text spoken again is another file."""
        self.listeners = 0
        self.is_whole = False
        self._data = bytearray()
        self._failure: BaseException | None = None
        self._news = asyncio.Event()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return len(self._data)

    def add(self, data: bytes, *, last: bool = False) -> None:
        """Put what was made behind the rest."""
        self._data += data
        self.is_whole = last
        self._tell()

    def fail(self, failure: BaseException) -> None:
        """It will never be whole."""
        self._failure = failure
        self._tell()

    async def wait(self, size: int | None = None) -> None:
        """Wait until there are more bytes than `size`, or all of them. Raises what ended its making."""
        while not self.is_whole and (size is None or self.size <= size):
            if self._failure is not None:
                raise self._failure
            await self._news.wait()

    def part(self, first: int, end: int) -> bytes:
        """The bytes from `first` to before `end`, as far as they are there."""
        return bytes(self._data[first:end])

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class KeptSounds:
    """The sounds by a key that says all that decides them."""

    def __init__(self) -> None:
        self.keep_seconds = KEEP_SECONDS
        self.max_sounds = MAX_SOUNDS
        self.max_bytes = MAX_BYTES
        self._sounds: dict[bytes, KeptSound] = {}
        """The one that was used last is the last."""
        self._makings: dict[KeptSound, asyncio.Task[None]] = {}
        self._ends: dict[KeptSound, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._sounds)

    @property
    def size(self) -> int:
        """Bytes of all sounds."""
        return sum(sound.size for sound in self._sounds.values())

    def whole(self, key: bytes) -> KeptSound | None:
        """The sound of this key if all of it is there."""
        sound = self._sounds.get(key)
        return sound if sound is not None and sound.is_whole else None

    @contextlib.contextmanager
    def listening(self, key: bytes, begin: Callable[[KeptSound], asyncio.Task[None]]) -> Iterator[KeptSound]:
        """The sound of this key, for somebody who listens meanwhile.

        Where there is none, `begin` begins to make it; that ends when nobody listens any more.
        """
        sound = self._sounds.pop(key, None) or self._begin(key, begin)
        self._sounds[key] = sound
        sound.listeners += 1
        if end := self._ends.pop(sound, None):
            end.cancel()
        try:
            yield sound
        finally:
            sound.listeners -= 1
            if not sound.listeners:
                self._leave(key, sound)

    async def close(self) -> None:
        """Forget all sounds, and end the making of those that are not whole."""
        makings = [*self._makings.values()]
        for making in makings:
            making.cancel()
        for end in self._ends.values():
            end.cancel()
        self._sounds.clear()
        self._ends.clear()
        if makings:
            await asyncio.wait(makings)

    def _begin(self, key: bytes, begin: Callable[[KeptSound], asyncio.Task[None]]) -> KeptSound:
        sound = KeptSound()
        self._makings[sound] = begin(sound)
        self._makings[sound].add_done_callback(lambda task: self._made(key, sound, task))
        return sound

    def _made(self, key: bytes, sound: KeptSound, task: asyncio.Task[None]) -> None:
        del self._makings[sound]
        failure = ShuttingDownError() if task.cancelled() else task.exception()
        if failure is not None:
            sound.fail(failure)
            self._forget(key, sound)

    def _leave(self, key: bytes, sound: KeptSound) -> None:
        """Nobody listens any more."""
        if not sound.is_whole:
            if making := self._makings.get(sound):
                making.cancel()
            self._forget(key, sound)
        elif self._sounds.get(key) is sound:
            loop = asyncio.get_running_loop()
            self._ends[sound] = loop.call_later(self.keep_seconds, self._forget, key, sound)
            self._make_room()

    def _make_room(self) -> None:
        idle = [(key, sound) for key, sound in self._sounds.items() if not sound.listeners]
        for key, sound in idle[:-1]:
            if len(self._sounds) > self.max_sounds or self.size > self.max_bytes:
                self._forget(key, sound)

    def _forget(self, key: bytes, sound: KeptSound) -> None:
        if end := self._ends.pop(sound, None):
            end.cancel()
        if self._sounds.get(key) is sound:
            del self._sounds[key]
