"""The metrics of a running server, over sockets and by Prometheus' own parsers. The network is a stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import platform
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text
from wyoming.event import Event

from kokoro_wyoming import __version__
from kokoro_wyoming.server.lifecycle import Server
from kokoro_wyoming.server.metrics import Metrics
from kokoro_wyoming.server.startup import State
from kokoro_wyoming.utterances.measures import Measures
from kokoro_wyoming.voices.blends import parse
from kokoro_wyoming.voices.descriptions import SpokenVoice
from tests.conftest import CHECKOUT
from tests.stand_ins import beep_program
from tests.stand_ins.beep_house import (
    chunk,
    error_codes,
    from_bytes,
    kinds,
    start,
    stop,
    synthesize,
    text_of,
    to_bytes,
    until,
)

parse_openmetrics: Callable[[str], Iterable[Metric]] = openmetrics_parser.text_string_to_metric_families

SPOKEN = {"voice": "af_heart", "release": "v1.0", "face": "wyoming", "outcome": "spoken"}
SECRET = "Quicksilver marmalade"


@pytest.fixture(autouse=True)
def beeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", beep_program.BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})


def _metered(folder: Path, **settings: object) -> contextlib.AbstractAsyncContextManager[Server]:
    """The program with its HTTP face, which has the metrics."""
    return beep_program.beep_program(folder, None, http__uri="tcp://127.0.0.1:0", **settings)


def metrics_of(server: Server) -> Metrics:
    assert server.http is not None
    return server.http.metrics


@contextlib.asynccontextmanager
async def _connection(server: Server) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(server.uri).rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _ask(server: Server, *events: Event) -> list[Event]:
    """Send the events, and read the replies until the connection closes; then all is counted."""
    async with _connection(server) as (reader, writer):
        writer.write(to_bytes(events))
        writer.write_eof()
        replies = from_bytes(await asyncio.wait_for(reader.read(), 30))
    await until(lambda: _value(metrics_of(server), "kokoro_connections", face="wyoming") == 0)
    return replies


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    """The sum of the samples of this name that have these labels."""
    body, _ = metrics.exposition()
    return sum(
        sample.value
        for family in parse_text(body.decode())
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def _outcomes(metrics: Metrics) -> dict[str, float]:
    outcomes = ("spoken", "cancelled", "refused", "failed")
    return {each: n for each in outcomes if (n := _value(metrics, "kokoro_utterances_total", outcome=each))}


# How utterances end


async def test_what_is_spoken_is_counted_with_its_sound(tmp_path: Path) -> None:
    async with _metered(tmp_path) as server:
        metrics = metrics_of(server)
        assert _outcomes(metrics) == {}
        replies = await _ask(server, synthesize("Hello there."), synthesize("Good bye.", {"name": "bf_emma"}))
        assert kinds(replies) == ["audio-start", "audio-chunk", "audio-stop"] * 2
        assert _value(metrics, "kokoro_utterances_total", **SPOKEN) == 1
        assert _value(metrics, "kokoro_utterances_total", **{**SPOKEN, "voice": "bf_emma"}) == 1
        assert _outcomes(metrics) == {"spoken": 2}
        assert _value(metrics, "kokoro_characters_total") == len("Hello there.Good bye.")
        heard_seconds = sum(len(event.payload or b"") for event in replies) / 48_000
        assert _value(metrics, "kokoro_sound_seconds_total") == pytest.approx(heard_seconds)
        for histogram in ("kokoro_first_sound_seconds", "kokoro_rtf", "kokoro_queue_wait_seconds"):
            assert _value(metrics, f"{histogram}_count") == 2, histogram
            assert _value(metrics, f"{histogram}_sum") > 0, histogram


async def test_a_client_that_leaves_has_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beep_program, "PAUSE_SECONDS", 0.05)
    async with _metered(tmp_path) as server:
        metrics = metrics_of(server)
        async with _connection(server) as (reader, writer):
            writer.write(to_bytes([synthesize("A long story without an end. " * 200)]))
            await reader.readline()
            assert _value(metrics, "kokoro_listeners") == 1
            assert _value(metrics, "kokoro_connections", face="wyoming") == 1
            assert _outcomes(metrics) == {}
        await until(lambda: _outcomes(metrics) == {"cancelled": 1})
        await until(lambda: _value(metrics, "kokoro_connections", face="wyoming") == 0)
        assert _value(metrics, "kokoro_listeners") == 0


async def test_a_stream_that_is_begun_anew_cancels_the_first(tmp_path: Path) -> None:
    async with _metered(tmp_path) as server:
        await _ask(server, start(), chunk("Not th"), start(), chunk("This."), stop())
        assert _outcomes(metrics_of(server)) == {"spoken": 1, "cancelled": 1}


@pytest.mark.slow
async def test_refusals_are_counted_wherever_they_come(tmp_path: Path) -> None:
    limits: dict[str, Any] = {"limits__text_chars": 100, "limits__waiting_utterances_per_address": 2}
    async with _metered(tmp_path, **limits) as server:
        metrics = metrics_of(server)
        assert error_codes(await _ask(server, synthesize("Hello.", {"name": SECRET}))) == ["unknown-voice"]
        assert _value(metrics, "kokoro_utterances_total", voice="", release="", outcome="refused") == 1
        assert error_codes(await _ask(server, synthesize("Too long. " * 11))) == ["too-long"]
        assert _value(metrics, "kokoro_utterances_total", voice="af_heart", outcome="refused") == 1
        voice = '<speak>Heard. <voice name="nobody">Unheard.</voice></speak>'
        assert text_of(await _ask(server, synthesize(voice))) == "Heard."
        assert _outcomes(metrics) == {"refused": 3}
        asking = asyncio.ensure_future(_ask(server, *[synthesize("Get STUCK")] * 3))
        await until(lambda: _outcomes(metrics) == {"refused": 4})
        beep_program.RELEASED.set()
        assert error_codes(await asking) == ["busy"]
        assert _outcomes(metrics) == {"refused": 4, "spoken": 2}


async def test_faults_of_the_model_are_failures(tmp_path: Path) -> None:
    async with _metered(tmp_path) as server:
        assert error_codes(await _ask(server, synthesize("A MEMORY fault."))) == ["internal"]
        assert _outcomes(metrics_of(server)) == {"failed": 1}
        assert _value(metrics_of(server), "kokoro_ready") == 1


@pytest.mark.long
async def test_a_stuck_model_is_a_failure_and_the_server_is_not_ready(tmp_path: Path) -> None:
    async with _metered(tmp_path, limits__stuck_seconds=2.0) as server:
        assert error_codes(await _ask(server, synthesize("Get STUCK"))) == ["stuck"]
        assert _value(metrics_of(server), "kokoro_ready") == 0
        assert error_codes(await _ask(server, synthesize("Who comes after"))) == ["stuck"]
        assert _outcomes(metrics_of(server)) == {"failed": 2}
        beep_program.RELEASED.set()
        await until(lambda: _value(metrics_of(server), "kokoro_ready") == 1)


# How long it took


async def test_who_waits_behind_another_is_seen_in_the_queue_wait(tmp_path: Path) -> None:
    async with _metered(tmp_path) as server:
        metrics, thread = metrics_of(server), server._thread
        await until(lambda: server._preparing is not None and server._preparing.done())
        async with _connection(server) as (_, writer):
            writer.write(to_bytes([synthesize("Get STUCK")]))
            await until(lambda: thread.turn_seconds > 0.05)
            second = asyncio.ensure_future(_ask(server, synthesize("Behind it.")))
            await until(lambda: thread.longest_wait_seconds > 0.1)
            assert _value(metrics, "kokoro_listeners") == 2
            assert _value(metrics, "kokoro_queue_wait_seconds_count") == 0
            beep_program.RELEASED.set()
            await until(lambda: _outcomes(metrics) == {"spoken": 2})
        await second
        assert _value(metrics, "kokoro_queue_wait_seconds_count") == 2
        assert _value(metrics, "kokoro_queue_wait_seconds_sum") > 0.1


@pytest.mark.long
async def test_a_model_that_is_late_makes_a_gap(tmp_path: Path) -> None:
    """The first sentence is heard for 0.6 s; SLOW takes a second."""
    text = "These sixty characters are more than half a second of beeps. It is SLOW."
    async with _metered(tmp_path) as server:
        await _ask(server, synthesize(text))
        assert _value(metrics_of(server), "kokoro_gaps_total") >= 1
        assert _value(metrics_of(server), "kokoro_gap_seconds_total") > 0
        assert _value(metrics_of(server), "kokoro_rtf_sum") > 1


# The cache


async def test_sentences_that_were_spoken_before_are_hits_without_an_rtf(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"cache__megabytes": 1, "prerender": ["Prepared."]}
    async with _metered(tmp_path, **settings) as server:
        metrics = metrics_of(server)
        await until(lambda: _value(metrics, "kokoro_cache_sentences") == 1)
        assert _value(metrics, "kokoro_cache_misses_total") == 0
        await _ask(server, synthesize("Prepared."), synthesize("One. Two."), synthesize("Two. One. Prepared."))
        assert _value(metrics, "kokoro_cache_hits_total") == 4
        assert _value(metrics, "kokoro_cache_misses_total") == 2
        assert _value(metrics, "kokoro_cache_sentences") == 3
        samples = len("Prepared.One.Two.") * 240
        assert samples * 4 < _value(metrics, "kokoro_cache_bytes") < samples * 4 + 3 * 1024
        assert _value(metrics, "kokoro_rtf_count") == 1
        assert _value(metrics, "kokoro_first_sound_seconds_count") == 3


async def test_a_server_without_a_cache_has_zeros(tmp_path: Path) -> None:
    async with _metered(tmp_path) as server:
        await _ask(server, synthesize("One."))
        names = ("bytes", "sentences", "hits_total", "misses_total")
        assert [_value(metrics_of(server), f"kokoro_cache_{name}") for name in names] == [0, 0, 0, 0]


# Labels


async def test_aliases_count_as_their_voice_and_blends_as_blend(tmp_path: Path) -> None:
    voices = {"Grandma": "bf_emma@0.9", "Duet": "bf_emma+af_heart"}
    names = ("Grandma", "BF_EMMA", "v1.0/bf_emma@1.2", "Duet", "af_heart(2)+bf_emma", "bf_emma(3)")
    async with _metered(tmp_path, voices=voices) as server:
        for name in names:
            assert text_of(await _ask(server, synthesize("Yes.", {"name": name}))) == "Yes.", name
        assert _value(metrics_of(server), "kokoro_utterances_total", voice="bf_emma", release="v1.0") == 4
        assert _value(metrics_of(server), "kokoro_utterances_total", voice="blend", release="v1.0") == 2
        assert _outcomes(metrics_of(server)) == {"spoken": 6}


def test_a_thousand_blends_are_one_series() -> None:
    metrics = Metrics(State)
    names = {parse(f"af_heart({weight})+bf_emma(1.5)").name for weight in range(1, 1001)}
    assert len(names) == 1000
    for name in names:
        metrics.observe(Measures("http", "spoken", SpokenVoice("v1.0", name, "en-US", 1.0)))
    assert _value(metrics, "kokoro_utterances_total", voice="blend", release="v1.0", outcome="spoken") == 1000
    body, _ = metrics.exposition()
    assert body.count(b"\nkokoro_utterances_total{") == 1


async def test_no_label_has_what_a_client_wrote(tmp_path: Path) -> None:
    async with _metered(tmp_path) as server:
        await _ask(server, synthesize(SECRET))
        await _ask(server, synthesize("Hello.", {"name": SECRET}))
        await _ask(server, synthesize("Hello.", {"language": "Marmalade"}))
        body, _ = metrics_of(server).exposition()
    assert b"armalade" not in body
    assert b"kokoro_utterances_total{" in body


def test_the_faces_are_told_apart() -> None:
    metrics = Metrics(lambda: State({"wyoming": 2, "http": 3}))
    for face in ("wyoming", "http", "http"):
        metrics.observe(Measures(face, "spoken", SpokenVoice("v0.19", "af", "en-US", 1.0)))
    assert _value(metrics, "kokoro_utterances_total", face="http", voice="af", release="v0.19") == 2
    assert _value(metrics, "kokoro_connections", face="wyoming") == 2
    assert _value(metrics, "kokoro_connections", face="http") == 3


# The exposition


async def test_a_server_is_ready_until_it_stops(tmp_path: Path) -> None:
    async with _metered(tmp_path) as server:
        await until(lambda: server.ready)
        assert _value(metrics_of(server), "kokoro_ready") == 1
        server.stop()
        assert _value(metrics_of(server), "kokoro_ready") == 0


def test_a_server_that_has_not_loaded_its_model_is_not_ready() -> None:
    body, _ = Metrics(State).exposition()
    assert b"kokoro_ready 0.0\n" in body
    assert b"kokoro_info" not in body


async def test_both_formats_are_read_by_the_parsers_of_prometheus(tmp_path: Path) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    async with _metered(tmp_path) as server:
        await _ask(server, synthesize("Hello there."))
        text, text_type = metrics_of(server).exposition()
        openmetrics, openmetrics_type = metrics_of(server).exposition(accept)
    assert text_type.startswith("text/plain; version=0.0.4")
    assert openmetrics_type.startswith("application/openmetrics-text; version=1.0.0")
    families = [
        {(sample.name, str(sorted(sample.labels.items()))) for family in parsed for sample in family.samples}
        for parsed in (parse_text(text.decode()), parse_openmetrics(openmetrics.decode()))
    ]
    assert families[0] == families[1]
    assert not [sample for sample in families[0] if sample[0].endswith("_created")]


async def test_what_runs_is_told(tmp_path: Path) -> None:
    import torch

    async with _metered(tmp_path) as server:
        body, _ = metrics_of(server).exposition()
    (info,) = (
        sample.labels
        for family in parse_text(body.decode())
        for sample in family.samples
        if sample.name == "kokoro_info"
    )
    assert info == {
        "version": __version__,
        "release": "v1.0",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "weights": "unknown weights",
    }
    assert b"process_resident_memory_bytes" in body


async def test_two_servers_in_one_process_count_apart(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    async with (
        _metered(tmp_path / "one") as one,
        _metered(tmp_path / "other") as other,
    ):
        await _ask(one, synthesize("Here."))
        assert (_outcomes(metrics_of(one)), _outcomes(metrics_of(other))) == ({"spoken": 1}, {})


# The dashboard and the page that tell of them


def _names(expression: str) -> set[str]:
    """The metrics that a PromQL expression names."""
    return set(re.findall(r"\b(?:kokoro|process)_\w+", expression))


def _expressions(part: object) -> Iterable[str]:
    """Every PromQL expression in a dashboard, its variables' too."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in ("expr", "definition", "query") and isinstance(value, str):
                yield value
            else:
                yield from _expressions(value)
    elif isinstance(part, list):
        for each in part:
            yield from _expressions(each)


async def _exposed(folder: Path) -> set[str]:
    """The names of all samples of a server that has spoken."""
    async with _metered(folder) as server:
        await _ask(server, synthesize("Hello there."))
        body, _ = metrics_of(server).exposition()
    return {sample.name for family in parse_text(body.decode()) for sample in family.samples}


async def test_every_metric_of_the_dashboard_is_exposed(tmp_path: Path) -> None:
    dashboard = json.loads((CHECKOUT / "docs" / "grafana.json").read_text(encoding="utf-8"))
    expressions = [each for each in _expressions(dashboard) if each != "prometheus"]
    exposed = await _exposed(tmp_path)
    assert len(expressions) > 10
    for expression in expressions:
        assert _names(expression), expression
        assert _names(expression) <= exposed, expression
    named = set().union(*map(_names, expressions))
    for family in (
        "first_sound",
        "rtf",
        "queue_wait",
        "utterances",
        "listeners",
        "connections",
        "gap",
        "cache",
        "info",
    ):
        assert any(name.startswith(f"kokoro_{family}") for name in named), family


async def test_the_page_names_every_metric_and_no_other(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "running.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", page.partition("## Metrics")[2], re.MULTILINE)
    told = _names(" ".join(rows))
    exposed = {re.sub(r"_(bucket|sum|count)$", "", name) for name in await _exposed(tmp_path)}
    ours = {name for name in exposed if name.startswith("kokoro_")}
    assert {name for name in told if name.startswith("kokoro_")} == ours
    assert told <= exposed


def test_the_buckets_of_a_histogram_rise() -> None:
    body, _ = Metrics(State).exposition()
    for name in ("kokoro_first_sound_seconds", "kokoro_rtf", "kokoro_queue_wait_seconds"):
        limits = [float(le) for le in re.findall(rf'{name}_bucket{{le="(.*?)"}}', body.decode())]
        assert limits == sorted(set(limits))
        assert limits[-1] == math.inf
