"""The first utterance in each language, in a fresh server whose languages are prepared, and the second of its kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import psutil
from wyoming.tts import SynthesizeVoice

from kokoro_wyoming.bench.contenders import OURS, Setup, our_server
from kokoro_wyoming.bench.machine import cpu_seconds
from kokoro_wyoming.languages import TAGS
from scripts.bench.server import Server

PAIRS = {
    "en-US": ("It is 23 degrees in the kitchen.", "It is 18 degrees in the bedroom."),
    "en-GB": ("It is 23 degrees in the kitchen.", "It is 18 degrees in the bedroom."),
    "es-ES": ("Hay 23 grados en la cocina.", "Hay 18 grados en la entrada."),
    "fr-FR": ("Il fait 23 degrés dans la cuisine.", "Il fait 18 degrés dans la chambre."),
    "hi-IN": ("रसोई में तापमान 23 डिग्री है।", "कमरे में तापमान 18 डिग्री है।"),
    "it-IT": ("Ci sono 23 gradi in cucina.", "Ci sono 18 gradi in camera."),
    "ja-JP": ("台所の気温は23度です。", "寝室の気温は18度です。"),
    "pt-BR": ("Faz 23 graus na cozinha.", "Faz 18 graus na varanda."),
    "zh-CN": ("厨房的温度是23度。", "卧室的温度是18度。"),
}
"""What is said first and second: by language, alike in length."""

_LOOK_SECONDS = 0.5
_QUIET_LOOKS = 3
_QUIET_SHARE = 0.05
"""Of one core; a server that computes less has nothing left to prepare."""


@dataclass(frozen=True)
class FirstUtterances:
    """First sound of both, in seconds."""

    first_seconds: float
    second_seconds: float

    @property
    def longer_seconds(self) -> float:
        """How much longer the first one takes."""
        return self.first_seconds - self.second_seconds


async def measured(
    setup: Setup, threads: int, report: Callable[[str], None]
) -> AsyncIterator[tuple[str, FirstUtterances]]:
    """Each language that is offered, in a server of its own. Raises BenchError."""
    for tag in TAGS:
        async with our_server(setup, threads) as ready:
            server = Server(OURS, ready.uri, setup.voice, ready.process)
            if tag not in await server.languages():
                continue
            assert ready.process is not None
            await _until_prepared(ready.process)
            server.voice = SynthesizeVoice(language=tag)
            first, second = [(await server.speak(text)).ttfa_seconds for text in PAIRS[tag]]
            report(f"first utterance in {tag}: {first:.2f} s, the second {second:.2f} s")
            yield tag, FirstUtterances(first, second)


async def _until_prepared(process: psutil.Process) -> None:
    """After Ready a server prepares its languages, which keeps it busy."""
    quiet = 0
    while quiet < _QUIET_LOOKS:
        used = cpu_seconds(process)
        await asyncio.sleep(_LOOK_SECONDS)
        quiet = quiet + 1 if cpu_seconds(process) - used < _QUIET_SHARE * _LOOK_SECONDS else 0
