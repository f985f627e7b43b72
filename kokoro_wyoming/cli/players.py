"""The sound card, by way of whichever player program is installed."""

from __future__ import annotations

import contextlib
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli.wav import Sink, endless_header, wav_file
from kokoro_wyoming.errors import KokoroWyomingError

_RAW_PLAYERS = {
    "paplay": ("--raw", "--format=s16le", "--rate={rate}", "--channels={channels}"),
    "aplay": ("-q", "-t", "raw", "-f", "S16_LE", "-r", "{rate}", "-c", "{channels}"),
    "pw-play": ("--raw", "--format=s16", "--rate={rate}", "--channels={channels}", "-"),
}
"""Players of 16-bit PCM from stdin."""

_WAV_PLAYERS = {"ffplay": ("-nodisp", "-autoexit", "-loglevel", "error", "-i", "-")}
"""Players of WAV from stdin; ffplay's words for raw sound changed between its releases."""

_FILE_PLAYERS = ("afplay",)
"""Players of whole files only, so they start when all is spoken."""

PLAYERS = (*_RAW_PLAYERS, *_WAV_PLAYERS, *_FILE_PLAYERS)
"""In the order in which they are tried."""


def sound_card() -> contextlib.AbstractContextManager[Sink]:
    """A sink that plays while sound arrives. KokoroWyomingError when no player is installed."""
    found = next((name for name in PLAYERS if shutil.which(name)), None)
    if found is None:
        raise KokoroWyomingError(
            f"no program to play sound is installed (looked for {', '.join(PLAYERS)}); "
            "install alsa-utils, or write a file with --out speech.wav"
        )
    return _play_file(found) if found in _FILE_PLAYERS else _play_stream(found)


@contextlib.contextmanager
def _play_stream(name: str) -> Iterator[Sink]:
    player = _Player(name)
    try:
        yield player
        player.finish()
    finally:
        player.stop()


@contextlib.contextmanager
def _play_file(name: str) -> Iterator[Sink]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        with wav_file(path) as sink:
            yield sink
        status = subprocess.run([name, str(path)], check=False).returncode
    if status != 0:
        raise _failure(name, status)


def _failure(name: str, status: int) -> KokoroWyomingError:
    return KokoroWyomingError(
        f"{name} ended with status {status}; has this machine a sound card? Write a file with --out speech.wav"
    )


def _raw_arguments(name: str, sound: PcmFormat) -> list[str]:
    if sound.width_bytes != 2:
        raise KokoroWyomingError(
            f"the sound has {8 * sound.width_bytes} bits, and {name} is given 16; write a file with --out speech.wav"
        )
    return [word.format(rate=sound.rate_hz, channels=sound.channels) for word in _RAW_PLAYERS[name]]


class _Player:
    """A player process, fed by a thread.

    Sound comes faster than it plays. It is all taken at once and kept here, as a server gives a listener up that
    does not take its sound.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._feeder = threading.Thread(target=self._feed, name="player", daemon=True)

    def start(self, sound: PcmFormat) -> None:
        if self._name in _RAW_PLAYERS:
            arguments = _raw_arguments(self._name, sound)
        else:
            arguments = list(_WAV_PLAYERS[self._name])
            self._waiting.put(endless_header(sound))
        self._process = subprocess.Popen([self._name, *arguments], stdin=subprocess.PIPE)
        self._feeder.start()

    def write(self, pcm: bytes) -> None:
        if self._process is not None and not self._feeder.is_alive():
            raise _failure(self._name, self._process.wait())
        self._waiting.put(pcm)

    def finish(self) -> None:
        """Wait until all is played."""
        if self._process is not None:
            self._waiting.put(None)
            self._feeder.join()
            status = self._process.wait()
            if status != 0:
                raise _failure(self._name, status)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _feed(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        # BrokenPipeError: the player has ended, and its status says why.
        with contextlib.suppress(OSError), self._process.stdin as pipe:
            while (pcm := self._waiting.get()) is not None:
                pipe.write(pcm)
                pipe.flush()
