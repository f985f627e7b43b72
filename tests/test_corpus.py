"""The corpus, what judges it, and the law that cutting it into chunks never changes what is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from wyoming.tts import SynthesizeVoice

from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.voices.descriptions import SpokenVoice, VoiceRequest
from scripts.heard_words import judge
from scripts.quality_tables import report
from tests.corpus import CLASSES, Item, items
from tests.listening import Ears, ask, ask_streamed, client_of
from tests.stand_ins.beep_engine import BeepEngine, BeepUtterance
from tests.stand_ins.beep_house import open_house

CORPUS = {item.id: item for item in items()}

SAMPLE = (
    *("en-US/phrase/garage", "en-US/markup/bold", "en-US/hard/tear", "en-GB/phrase/bins", "es-ES/phrase/lavadora"),
    *("fr-FR/phrase/pluie", "hi-IN/phrase/darwaza", "it-IT/phrase/lavatrice", "ja-JP/phrase/ame"),
    *("pt-BR/phrase/cortinas", "zh-CN/phrase/xiayu"),
)
"""Some 40 s of speech."""


@dataclass
class Scribe(BeepEngine):
    """A stand-in that speaks nothing in every language, and writes down what it is to say."""

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        return SpokenVoice("v1.0", "scribe", request.language or "en-US", 1.0)

    def utterance(self, *, patient: bool = False, fetched: bool = False) -> BeepUtterance:
        return SilentUtterance(self, takes_place=False)


class SilentUtterance(BeepUtterance):
    def _halves(self, sentence: object) -> list[NDArray[np.float32]]:
        return [np.zeros(1, np.float32)]


def test_the_corpus_is_large_and_even() -> None:
    texts = Counter((item.language, item.text) for item in CORPUS.values())
    assert max(texts.values()) == 1
    assert len(CORPUS) == len(list(items())) >= 320
    kinds = Counter((item.language, item.kind) for item in CORPUS.values())
    assert set(kinds) == {(tag, kind) for tag in TAGS for kind in CLASSES}
    assert sum(item.kind == "hard" for item in CORPUS.values()) >= 60
    assert all(count >= 35 for count in Counter(item.language for item in CORPUS.values()).values())


@pytest.mark.long
@pytest.mark.parametrize("language", TAGS)
def test_what_is_said_is_in_words_and_judged_right_as_it_stands(language: str) -> None:
    for item in items(language):
        for said in item.said:
            assert not re.search(r"\d", said), item
            assert judge([said], said, language[:2]).errors == 0, item
        assert "".join(item.chunks()) == item.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("en", "at eighteen oh five it was twenty one point five degrees", "At 18:05, it was 21.5°."),
        ("en", "three dollars and eighteen cents on december third", "$3.18 on December 3rd"),
        ("es", "son veintiún euros con veintiséis", "Son veintiún euros con 26."),
        ("es", "el segundo piso mil doscientos cincuenta", "El 2.º piso: 1.250"),
        ("fr", "il est sept heures quinze moins quatre degrés", "Il est 7h15, -4°"),
        ("it", "tra cinquanta e settanta chilometri orari", "tra 50 e 70 km/h"),
        ("pt", "cento e oitenta e dois reais e quarenta", "R$ 182 e 40"),
        ("hi", "दो लाख पचास हज़ार", "2,50,000"),
        ("hi", "इस नाम का कोई उपकरण मुझे नहीं मिला", "اس نام کا کوئی اپکرن mujhe nahi mila"),
        ("ja", "明日の六時四十五分に八パーセント", "あしたの6:45に8%"),
        ("zh", "零下三度百分之六十他", "零下3度60%她"),
    ],
)
def test_a_listener_may_write_digits_or_words(language: str, said: str, written: str) -> None:
    assert judge([said], written, language).errors == 0


@pytest.mark.slow
def test_what_is_lost_added_or_other_counts() -> None:
    verdict = judge(["the light is on"], "The light was not on", "en")
    assert (verdict.errors, verdict.units) == (2, 4)
    assert judge(["the light is on"], "", "en").rate == 1
    assert judge(["好"], "好 " * 50, "zh").rate == 1
    assert judge(["one two", "yes"], "Yes.", "en").errors == 0


async def _sentences(chosen: Sequence[Item], cut: str) -> list[list[str]]:
    """What reaches the engine of each item, sent whole, in chunks by lot, or letter by letter."""
    engine = Scribe()
    heard = []
    async with open_house(engine) as house, house.client() as client:
        for item in chosen:
            voice, begun = SynthesizeVoice(language=item.language), len(engine.said)
            if cut == "whole":
                await ask(client, item.text, voice)
            else:
                await ask_streamed(client, item.chunks() if cut == "chunks" else item.text, voice)
            heard.append([sentence for sentence, _ in engine.said[begun:]])
    return heard


_QUICK = ("en-US", "hi-IN", "zh-CN")
"""A script of each kind, for the quick subset."""


@pytest.mark.parametrize(
    "language", [tag if tag in _QUICK else pytest.param(tag, marks=pytest.mark.long) for tag in TAGS]
)
async def test_any_cut_of_the_corpus_says_the_same(language: str) -> None:
    chosen = [item for item in CORPUS.values() if item.language == language]
    whole = await _sentences(chosen, "whole")
    assert all(whole)
    for cut in ("chunks", "letters"):
        assert await _sentences(chosen, cut) == whole


def test_the_tables_show_what_got_better_and_worse() -> None:
    def row(name: str, written: str) -> dict[str, object]:
        item = CORPUS[name]
        known = {"id": name, "language": item.language, "kind": item.kind, "voice": "v", "text": item.text}
        judged = {"written": written, "dnsmos": 3.0, "dnsmos_p808": None}
        sound = {"seconds": 9.0, "silence_before_seconds": 0.1, "silence_after_seconds": 0.1, "clicks": 1, "clipped": 0}
        return {**known, **judged, **sound}

    name, other = "en-US/phrase/lights", "en-US/markup/bold"
    before = {name: row(name, "Turned on the lights in the living room."), other: row(other, CORPUS[other].said[0])}
    after = {name: row(name, CORPUS[name].said[0]), other: row(other, "The star star kitchen")}
    text = "\n".join(report(after, before))
    assert "| phrase | 1 | 12.5 % | 0.0 % | 0.0 % | 100.0 % | 3.00 | - | 1 |" in text
    assert "Of 2 takes in both, 1 got better and 1 worse" in text
    assert f"| {other} | `the kitchen light is on" in text


@pytest.mark.weights
async def test_a_sample_of_the_corpus_is_understood(
    server: str, ears: Ears, record_property: Callable[[str, object], None]
) -> None:
    rates = {}
    async with client_of(server) as client:
        for name in SAMPLE:
            item = CORPUS[name]
            heard = await ask_streamed(client, item.chunks(), SynthesizeVoice(language=item.language))
            language = item.language[:2]
            rates[name] = judge(item.said, ears.write_to_judge(heard.samples, language), language).rate
    record_property("error_rates", rates)
    print(rates)
    # Of one sentence whisper may mishear the half, for some noise of the network; never so of several.
    assert max(rates.values()) < 0.8
    assert sum(rates.values()) / len(rates) < 0.2
