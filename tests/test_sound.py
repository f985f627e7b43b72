"""What is heard of real speech: one level, the pauses that are set, and not one click."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray

from kokoro_wyoming.assets import Store
from kokoro_wyoming.audio.joining import Joiner, Pauses, SoundOptions
from kokoro_wyoming.audio.loudness_meter import integrated_lufs
from kokoro_wyoming.audio.pcm import to_pcm16
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.text.sentences import Run
from kokoro_wyoming.text.splitting import SentenceSplitter
from tests.clicks import clicks, offset
from tests.listening import say

pytestmark = pytest.mark.weights

RATE_HZ = 24_000
Sound = NDArray[np.float32]
ENGLISH = (
    "The front door is open, and the kitchen light is still on, so please have a look before you leave. "
    "The dishwasher has finished.\n\nGood night."
)
SHORTER = "The front door is open, and the kitchen light is still on. The dishwasher has finished."
TEXTS = {
    "am_michael": SHORTER,
    "bm_lewis": SHORTER,
    "af_nicole": SHORTER,
    "zf_xiaoxiao": "前门开着，厨房的灯还亮着。洗衣机大约十分钟后洗完。",
    "hf_alpha": "रसोई की बत्ती जल रही है। गैराज का दरवाज़ा खुला है।",
    "if_sara": "La luce è accesa. La porta del garage è ancora aperta.",
}
LONG = (
    "The energy report for this week is in: you used a little less than last week, mostly because the dryer ran only "
    "twice, and the solar panels covered more than half of it. Tomorrow it will rain in the afternoon, so take an "
    "umbrella. Why is the garage open? I can close it for you."
)


@pytest.fixture(scope="module")
def heart(server: str) -> Sound:
    """The English text as af_heart says it."""
    return asyncio.run(say(server, ENGLISH, name="af_heart")).samples


def pauses_seconds(sound: Sound, longer_than_seconds: float) -> list[float]:
    """Silences in order, the first and the last left out."""
    loud = np.flatnonzero(np.abs(sound) > 0.001)
    gaps = np.diff(loud) / RATE_HZ
    return [float(gap) for gap in gaps if gap > longer_than_seconds]


@pytest.mark.parametrize("voice", TEXTS)
async def test_a_voice_is_as_loud_as_all_others_and_nothing_clicks(voice: str, server: str) -> None:
    _is_as_all_others((await say(server, TEXTS[voice], name=voice)).samples)


def test_the_best_voice_is_as_loud_as_all_others_and_nothing_clicks(heart: Sound) -> None:
    _is_as_all_others(heart)


def _is_as_all_others(sound: Sound) -> None:
    assert clicks(sound) == []
    assert offset(sound) < 0.003
    loudness_lufs = integrated_lufs(sound, RATE_HZ)
    # A voice is not as loud in every sentence; by themselves these lie 10 dB apart.
    assert loudness_lufs == pytest.approx(-23, abs=1.5)
    assert float(np.abs(sound).max()) < 0.9, "no peak reaches the limiter"


def test_pauses_are_those_of_the_settings(heart: Sound) -> None:
    clause, sentence, paragraph = pauses_seconds(heart, 0.15)
    assert (clause, sentence, paragraph) == pytest.approx((0.2, 0.45, 0.8), abs=0.05)


async def test_a_long_text_in_windows_has_no_click(server: str) -> None:
    heard = await say(server, LONG, name="af_heart")
    assert 12 < heard.seconds < 25
    assert clicks(heard.samples) == []


def test_whole_sentences_have_no_click_either(model_data: Store) -> None:
    folder = model_data.models / "v1_0"
    exact = KokoroV1Wrapper(folder / "config.json", folder / "kokoro-v1_0.pth", stream="exact")
    delivery = SoundOptions(loudness_lufs=-16, pauses=Pauses(0.2, 0.12, 0.2))
    joiner, splitter, given = Joiner(delivery), SentenceSplitter(), []
    for sentence in [*splitter.add(SHORTER), *splitter.finish()]:
        joiner.begin(sentence)
        pieces = exact.pieces([Run(sentence)], "am_michael", "a")
        given += [joiner.add(piece.numpy()) for piece in pieces if piece is not None]
        given.append(joiner.end())
    loud = to_pcm16(np.concatenate([*given, joiner.finish()]), delivery.gain(-27.2))
    assert clicks(np.frombuffer(loud, dtype="<i2").astype(np.float32) / np.float32(32768)) == []
