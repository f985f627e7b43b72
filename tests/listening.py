"""Clients and ears for tests: asks a Wyoming server as Home Assistant does, and writes down what it says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart
from wyoming.client import AsyncClient, AsyncTcpClient
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

ANSWER_SECONDS = 120
"""For a busy machine; no test measures time."""


@dataclass
class Heard:
    """One reply: the types of its events in order, and its sound."""

    types: list[str] = field(default_factory=list)
    formats: set[tuple[int, int, int]] = field(default_factory=set)
    """Every (rate, width, channels) that an event named."""
    pcm: bytes = b""
    events: list[Event] = field(default_factory=list)
    """Those without sound."""

    @property
    def samples(self) -> NDArray[np.float32]:
        """float32, shape (n_samples,), [-1, 1)."""
        return np.frombuffer(self.pcm, dtype="<i2").astype(np.float32) / np.float32(32768)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / 24_000

    @property
    def order(self) -> list[str]:
        """The types with runs of audio-chunk told once."""
        return [kind for n, kind in enumerate(self.types) if kind != "audio-chunk" or self.types[n - 1] != kind]


def client_of(uri: str) -> AsyncTcpClient:
    """A client of the `wyoming` package for tcp://host:port."""
    host, _, port = uri.removeprefix("tcp://").rpartition(":")
    return AsyncTcpClient(host, int(port), connect_timeout=10, read_timeout=ANSWER_SECONDS)


async def hear(client: AsyncClient, last: str) -> Heard:
    """Read a reply up to the event of type `last`, an error, or the end of the connection."""
    heard = Heard()
    while (event := await client.read_event()) is not None:
        heard.types.append(event.type)
        if AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            heard.formats.add((start.rate, start.width, start.channels))
        if AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            heard.formats.add((chunk.rate, chunk.width, chunk.channels))
            heard.pcm += chunk.audio
        else:
            heard.events.append(event)
        if event.type in (last, "error"):
            break
    return heard


async def ask(client: AsyncClient, text: str, voice: SynthesizeVoice | None = None) -> Heard:
    """Have a text spoken whole."""
    await client.write_event(Synthesize(text, voice=voice).event())
    return await hear(client, "audio-stop")


async def ask_streamed(client: AsyncClient, chunks: Iterable[str], voice: SynthesizeVoice | None = None) -> Heard:
    """Have a text spoken as it arrives, with Home Assistant's events in its order."""
    await client.write_event(SynthesizeStart(voice=voice).event())
    text = ""
    for chunk in chunks:
        text += chunk
        await client.write_event(SynthesizeChunk(chunk).event())
    await client.write_event(Synthesize(text, voice=voice).event())
    await client.write_event(SynthesizeStop().event())
    return await hear(client, "synthesize-stopped")


async def say(uri: str, text: str, *, name: str | None = None, language: str | None = None) -> Heard:
    """One text on a connection of its own."""
    voice = SynthesizeVoice(name=name, language=language) if name or language else None
    async with client_of(uri) as client:
        return await ask(client, text, voice)


_SCRIPT = {"hi": "यह हिन्दी में लिखा है।", "ja": "日本語で書いてあります。", "zh": "以下是普通话的句子。"}
"""What whisper is told to have heard before, as it would else write some languages in another script."""


class Ears:
    """Speech to text with whisper-base on the processor."""

    def __init__(self, folder: Path, *, beam_size: int = 5) -> None:
        from faster_whisper import WhisperModel

        self._beam_size = beam_size
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)

    def write_down(self, samples: NDArray[np.float32], language: str, *, any_script: bool = False) -> str:
        """What 24 kHz samples say; `language` is its two-letter code. In `any_script` it is freer, and hears better."""
        segments, _ = self._model.transcribe(
            _at_16_khz(samples),
            language=language,
            beam_size=self._beam_size,
            temperature=0.0,
            initial_prompt=None if any_script else _SCRIPT.get(language),
            no_repeat_ngram_size=4 if any_script else 0,
        )
        return " ".join(segment.text for segment in segments)

    def times(self, samples: NDArray[np.float32], language: str) -> list[tuple[str, float, float]]:
        """The words that 24 kHz samples say, each with its start and end in seconds."""
        segments, _ = self._model.transcribe(_at_16_khz(samples), language=language, word_timestamps=True)
        return [(word.word.strip(), word.start, word.end) for segment in segments for word in segment.words or ()]

    def write_to_judge(self, samples: NDArray[np.float32], language: str) -> str:
        """What 24 kHz samples say, in the script that whisper writes best: `scripts.heard_words.judge` knows it."""
        return self.write_down(samples, language, any_script=language == "hi")


def _at_16_khz(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.interp(np.arange(0, len(samples), 1.5), np.arange(len(samples)), samples).astype(np.float32)


def letters(text: str) -> str:
    """A text without case, marks, spaces and width, to compare what was said with what was heard."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())


def words(text: str) -> str:
    """A text as lower-case words with single spaces."""
    return " ".join(re.sub(r"[^\w' ]", " ", text.casefold()).split())
