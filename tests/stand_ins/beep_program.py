"""The whole program with a stand-in for the network that beeps: server, engine, model thread, voices on disk.

Some words are magic, and fail as native code does: see `MAGIC`. Run as a program it is `kokoro-wyoming` without a
model and without weights:

    python -m tests.stand_ins.beep_program serve --uri tcp://127.0.0.1:10201 --voices-folder FOLDER
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import os
import re
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from kokoro_wyoming import assets, config
from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
from kokoro_wyoming.audio.word_times import Clock, WordTime
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.pronounce import AS_USUAL, ReadingOptions, pronounce
from kokoro_wyoming.pronunciation.readings import Reading, WordReading
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.packs import PinnedPacks, VoicePacks
from tests.stand_ins.beep_engine import SAMPLES_PER_CHAR, beep
from tests.stand_ins.beep_house import until

if TYPE_CHECKING:
    from kokoro_wyoming.server.lifecycle import Server

RELEASED = threading.Event()
"""Ends every turn that is stuck."""
PAUSE_SECONDS = float(os.environ.get("BEEP_PAUSE_SECONDS", "0"))
"""How long a turn takes."""


def _out_of_memory() -> None:
    raise MemoryError


def _full_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/var/tmp/espeak")


def _failure() -> None:
    raise RuntimeError("espeak: could not be initialised")


def _get_stuck() -> None:
    RELEASED.wait()


def _be_slow() -> None:
    """Take a second in which the process must run: a suspension does not shorten it."""
    for _ in range(20):
        time.sleep(0.05)


def _crash() -> None:
    ctypes.string_at(0)


MAGIC: dict[str, Callable[[], None]] = {
    "MEMORY": _out_of_memory,
    "DISK": _full_disk,
    "ESPEAK": _failure,
    "STUCK": _get_stuck,
    "SLOW": _be_slow,
    "CRASH": _crash,
}


AS_MADE: dict[str, Any] = {"loudness_lufs": None, "pauses": {"as_made": True}}
"""Settings of `speech` that leave the sound as it was made, because tests read the text from it."""


class BeepModel:
    """Stands in for a release's wrapper."""

    def __init__(self, voices_path: Path) -> None:
        self.packs = VoicePacks(voices_path, "v1.0")

    languages = TAGS
    on_processor = True

    def load_language(self, lang_code: str) -> None:
        """Nothing is needed to beep."""

    def read(self, text: str, lang_code: str) -> Iterator[str]:
        yield text

    def symbols(self, written: str, language: str) -> str:
        return written

    def reading(self, runs: Iterable[Run], lang_code: str, reading: ReadingOptions = AS_USUAL) -> Reading:
        """A word's phonemes are its letters, or those that it was given."""
        words = [
            WordReading(run.text.strip(), run.phonemes or (run.text if run.words is None else run.words).strip())
            for run in pronounce(runs, lang_code, self, reading)
            if any(letter.isalnum() for letter in run.text)
        ]
        phonemes = " ".join(word.phonemes for word in words)
        for word, fail in MAGIC.items():
            if word in phonemes:
                fail()
        return Reading(lang_code, phonemes, tuple(map(ord, phonemes)), tuple(words))

    def pieces(
        self,
        runs: Iterable[Run],
        voice: str,
        lang_code: str,
        speed: float = 1.0,
        *,
        reading: ReadingOptions = AS_USUAL,
        pinned: PinnedPacks | None = None,
        clock: Clock | None = None,
        **_: object,
    ) -> Iterator[Tensor | None]:
        runs = [*runs]
        written = "".join(run.text for run in runs)
        pronounced = pronounce(runs, lang_code, self, reading)
        text = "".join(run.text if run.words is None else run.words for run in pronounced)
        if self.packs.get(voice, pinned).any():  # a loud voice, see `put_voice`
            text = text.upper()
        yield None
        for word, fail in MAGIC.items():
            if word in written:
                fail()
        if any(character.isalnum() for character in text):
            if clock is not None:
                clock.words.extend(_times(text))
            half = len(text) // 2
            for part in filter(None, (text[:half], text[half:])):
                time.sleep(PAUSE_SECONDS)
                yield torch.from_numpy(beep(part))


def _times(text: str) -> Iterator[WordTime]:
    """When each word is beeped, in seconds from the beginning of the sentence."""
    seconds = SAMPLES_PER_CHAR / SAMPLE_RATE_HZ
    for word in re.finditer(r"[^\s.,!?]+", text):
        yield WordTime(word[0], word.start() * seconds, word.end() * seconds)


class BeepFolders:
    """Stands in for VoiceFolders, with the voices of one folder."""

    def __init__(self, voices: Path) -> None:
        self._voices = voices
        self.changed = asyncio.Event()

    def catalogues(self) -> list[Catalogue]:
        return [Catalogue.scan("v1.0", self._voices)]

    async def changes(self) -> AsyncIterator[list[Catalogue]]:
        """Whenever a test says so; the folders are watched in tests of the real one."""
        while await self.changed.wait():
            self.changed.clear()
            yield self.catalogues()


class BeepManager:
    """Stands in for ModelManager."""

    def __init__(self, models: Path, voices: Path, *, thread: ModelThread, **_: Any) -> None:
        self.folders, self.thread = BeepFolders(voices / "v1_0"), thread
        self._model = BeepModel(voices / "v1_0")

    async def get_model(self, version: str | None = None, languages: Iterable[str] = ()) -> BeepModel:
        return self._model

    @contextlib.asynccontextmanager
    async def in_use(self, version: str | None = None) -> AsyncIterator[BeepModel]:
        yield self._model

    def forget_voices(self) -> None:
        self._model.packs.forget()

    async def measure_again(self) -> bool:
        return False

    async def rest(self) -> None:
        pass

    async def let_dictionaries_go(self) -> None:
        pass


def put_voice(folder: Path, name: str, *, loud: bool = False) -> Path:
    """Write the pack of a voice into a folder of voices. A loud voice speaks in capitals."""
    path = folder / "v1_0" / f"{name}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torch.full((510, 1, 256), float(loud)), path)
    return path


def stand_in() -> None:
    """Make the rest of this process use the beeping manager, and load no network."""
    manager = ModuleType("kokoro_wyoming.engine.model_manager")
    vars(manager).update(ModelManager=BeepManager)
    installed = ModuleType("kokoro_wyoming.builds.installed")
    vars(installed).update(installed_languages=lambda *_: {})
    inference = ModuleType("kokoro_wyoming.network.inference")  # which imports kokoro and spaCy
    vars(inference).update(OutputOptions=lambda *_, **__: None)
    named_g2p = ModuleType("kokoro_wyoming.builds.named_g2p")  # which imports the libraries
    vars(named_g2p).update(Limits=None)
    sys.modules.update({module.__name__: module for module in (manager, installed, inference, named_g2p)})
    assets.fetch = lambda store, **_: None


@contextlib.asynccontextmanager
async def beep_program(
    folder: Path, reread: Callable[[], config.Config] | None = None, **overrides: object
) -> AsyncIterator[Server]:
    """The server in this process, from its start to its stop. Settings are given as `limits__connections=1`."""
    from kokoro_wyoming.server.lifecycle import Server

    with contextlib.suppress(FileExistsError):
        (folder / "voices").mkdir()
        put_voice(folder / "voices", "af_heart")
        put_voice(folder / "voices", "bf_emma")
    thread = ModelThread()
    server = Server(settings(folder, **overrides), thread, reread)
    running = asyncio.ensure_future(server.run())
    await until(lambda: server.uri is not None or running.done())
    try:
        yield server
    finally:
        server.stop()
        RELEASED.set()
        await running
        RELEASED.clear()
        assert thread.close(5)


def settings(folder: Path, **overrides: object) -> config.Config:
    """Settings for a server on loopback with its voices in the folder."""
    values = {
        "server.uri": "tcp://127.0.0.1:0",
        "http.uri": None,
        "discovery.enabled": False,
        **{f"speech.{key}": value for key, value in AS_MADE.items()},
        "folders.voices": str(folder / "voices"),
        "folders.models": str(folder / "models"),
        **{key.replace("__", "."): value for key, value in overrides.items()},
    }
    return config.load(None, values)


if __name__ == "__main__":
    stand_in()
    from kokoro_wyoming.cli import main

    sys.exit(main())
