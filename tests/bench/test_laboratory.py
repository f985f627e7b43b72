"""The developers' benchmark: text as a language model lets it out, operations counted, and a whole run on stand-ins."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from kokoro_wyoming.bench.children import BenchError
from kokoro_wyoming.bench.contenders import OURS, PLAIN, our_server
from kokoro_wyoming.bench.course import Record
from kokoro_wyoming.bench.figures import Reply
from kokoro_wyoming.bench.load import most_served
from kokoro_wyoming.bench.texts import LISTENED, NAMES, SECONDS_3, SECONDS_30
from kokoro_wyoming.languages import TAGS
from scripts.bench import __main__ as command
from scripts.bench import first_utterances, flop, parts, piper, tables
from scripts.bench.first_utterances import PAIRS, FirstUtterances
from scripts.bench.flop import count_flop
from scripts.bench.flop import matrix_peaks as real_matrix_peaks
from scripts.bench.laboratory import SHORT_PLAN, Laboratory, LongPlan
from scripts.bench.piper import PIPER
from scripts.bench.tables import cpu_per_audio_second, percentile
from scripts.bench.texts import ONE_SENTENCE, SEVERAL_SENTENCES, STREAMED, StreamedText, bursts
from tests.conftest import CHECKOUT
from tests.stand_ins import bench as bench_stand_ins
from tests.stand_ins.bench import SETUP

PLAN = LongPlan(
    repeat=2,
    texts=(SECONDS_3, SECONDS_30),
    streamed=STREAMED[:1],
    busy_programs=(1,),
    starts=1,
    most_listeners=2,
    calm_seconds=0.0,
)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    bench_stand_ins.stand_in(monkeypatch)
    monkeypatch.setattr(flop, "matrix_peaks", bench_stand_ins.matrix_peaks)
    monkeypatch.setattr(flop, "gflop_per_audio_second", bench_stand_ins.gflop_per_audio_second)
    monkeypatch.setattr(parts, "measure", bench_stand_ins.measure)
    monkeypatch.setattr(first_utterances, "_LOOK_SECONDS", 0.05)


def test_percentiles_lie_between_the_nearest_values() -> None:
    assert [percentile([4.0, 1.0, 3.0, 2.0, 5.0], percent) for percent in (0, 50, 95, 100)] == [1.0, 3.0, 4.8, 5.0]
    assert percentile([], 50) is None


def test_processor_time_is_told_for_each_second_of_sound() -> None:
    replies = [Reply(0.1, 1.0, 1.0, cpu_seconds=1.0), Reply(0.1, 9.0, 4.0, cpu_seconds=8.0), Reply(0.1, 5.0, 2.5)]
    assert cpu_per_audio_second(replies) == 0.9
    assert cpu_per_audio_second(replies[2:]) is None


def test_no_text_is_the_same_for_another_repetition() -> None:
    for text in (*ONE_SENTENCE, *SEVERAL_SENTENCES):
        assert len({text.spoken_to(repetition) for repetition in range(len(NAMES))}) == len(NAMES)


def test_texts_have_the_sentences_they_are_named_for() -> None:
    named = {text: int(text.label.split()[0]) for text in SEVERAL_SENTENCES}
    for text, sentences in {**dict.fromkeys(ONE_SENTENCE, 1), **named, LISTENED: 5}.items():
        assert len(re.findall(r"[.!?]", text.spoken_to(0))) == sentences


@pytest.mark.parametrize("text", STREAMED, ids=lambda text: text.label)
def test_deltas_make_the_text_and_become_speakable_at_its_mark(text: StreamedText) -> None:
    for repetition, name in enumerate(NAMES):
        deltas = text.deltas(repetition)
        before, after = text.template.format(name=name).split("|")
        assert "".join(deltas) == before + after
        assert "".join(deltas[: text.speakable_after(repetition)]) == before


@pytest.mark.parametrize("count", [0, 1, 4, 5, 21, 22, 60])
def test_bursts_keep_every_delta_in_order(count: int) -> None:
    deltas = list(map(str, range(count)))
    assert [delta for burst, _ in bursts(deltas) for delta in burst] == deltas


@pytest.mark.long
def test_operations_of_layers_are_counted() -> None:
    linear, lstm = torch.nn.Linear(3, 5), torch.nn.LSTM(3, 5, bidirectional=True)
    assert count_flop(linear, lambda: linear(torch.ones(7, 3))) == 2 * 7 * 3 * 5
    assert count_flop(lstm, lambda: lstm(torch.ones(7, 1, 3))) == 2 * 7 * 2 * (4 * 5) * (3 + 5)


def test_slow_products_are_not_made_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    randn, clock = torch.randn, itertools.count(step=0.1)

    def small(rows: int, _: int, device: str) -> torch.Tensor:
        made.append(rows)
        return randn(2, 2, device=device)

    monkeypatch.setattr(torch, "randn", small)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    assert real_matrix_peaks("cpu").keys() == {"float32", "bfloat16"}
    assert set(made) == {256}
    made.clear()
    clock = itertools.count(step=0.01)
    real_matrix_peaks("cpu")
    assert max(made) == 2048


@pytest.mark.long
async def test_a_run_measures_more_than_the_product() -> None:
    laboratory = Laboratory(PLAN, SETUP)
    results = await laboratory.run()
    ours, plain, findings = results.records[OURS], results.records[PLAIN], laboratory.findings
    assert [len(record.replies["3 s"]) for record in (ours, plain)] == [2, 2]
    for by_name in (findings.start_seconds, findings.fresh):
        assert [len(found) for found in (by_name[OURS], by_name[PLAIN])] == [1, 1]
    assert (findings.gflop_per_audio_second, findings.matrix_peak_gflops) == (50.0, {"float32": 100.0})
    assert list(findings.streamed) == [OURS]
    assert len(findings.streamed[OURS]["short sentence first"]) == 2
    assert findings.describe_seconds[OURS]
    assert findings.describe_under_load_seconds[OURS]
    assert findings.describe_failures == {OURS: 0}
    told = json.loads(json.dumps(tables.as_json(laboratory)))
    assert told["summary"]["plain"]["RTF of long speech"] == 0.25
    assert told["summary"]["plain"]["GFLOP/s in long speech"] == 200.0
    assert told["findings"]["parts"]["pipelines"] == {"en-US": 3}
    printed = {row[0] for table in tables.tables(laboratory) for row in table.rows}
    assert {"3 s", "short sentence first", "1", "pipeline of en-US", "describe under load p95, s"} < printed
    assert len(tables.plot(results.records)) == 4
    # The languages that the stand-in beeps in.
    assert list(findings.first_utterances) == ["en-US", "en-GB", "ja-JP"]
    assert len(told["findings"]["first_utterances"]["ja-JP"]) == 2


def test_every_language_has_two_texts_of_one_kind() -> None:
    assert tuple(PAIRS) == TAGS
    for first, second in PAIRS.values():
        assert first != second
        assert abs(len(first) - len(second)) <= 1


async def test_a_first_utterance_is_judged_by_the_second() -> None:
    laboratory = Laboratory(PLAN, SETUP)
    laboratory.findings.first_utterances = {"fr-FR": FirstUtterances(0.9, 0.5), "zh-CN": FirstUtterances(1.1, 0.5)}
    (table,) = (table for table in tables.tables(laboratory) if "first utterance" in table.title)
    assert [row[1:] for row in table.rows] == [["0.90", "0.50", "0.40", "yes"], ["1.10", "0.50", "0.60", "NO"]]


def test_our_first_sound_is_told_beside_pipers() -> None:
    ours = Record(replies={"one word": [Reply(0.3, 1.0, 1.0)], "6 s": [Reply(0.4, 6.0, 2.0)]})
    theirs = Record(replies={"one word": [Reply(0.1, 1.0, 1.0)], "6 s": [Reply(0.8, 6.0, 1.0)]})
    rows = list(tables.beside_piper({OURS: ours, PIPER: theirs}))
    assert [(row.ours, row.other, row.met) for row in rows] == [
        (0.3, 0.1, False),
        (None, None, None),
        (0.4, 0.8, True),
        (None, None, None),
    ]


_STARTER = """
import asyncio
from scripts.bench.piper import piper_server

async def main():
    async with piper_server() as server:
        print(server.process.pid, flush=True)
        await asyncio.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""


_WITH_PIPER = pytest.mark.skipif(
    not piper.FOLDER.is_dir(), reason="wyoming-piper is not here: it takes 300 MB; `scripts.bench --piper` installs it"
)


@pytest.mark.long
def test_piper_that_cannot_be_installed_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/")
    with pytest.raises(BenchError, match=r"^wyoming-piper cannot be installed from PyPI into .*: ERROR: .*$"):
        piper.installed(tmp_path)


@pytest.mark.long
@_WITH_PIPER
async def test_piper_speaks_and_ends_with_its_block() -> None:
    async with piper.piper_server() as server:
        await server.meet()
        assert server.voice
        assert (await server.speak("Good evening.")).audio_seconds > 0.5
        assert server.process
    assert not server.process.is_running()


@pytest.mark.long
@_WITH_PIPER
def test_piper_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    (tmp_path / "starter.py").write_text(_STARTER)
    command, environment = [sys.executable, str(tmp_path / "starter.py")], {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as starter:
        assert starter.stdout is not None
        speaking = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
    speaking.wait(timeout=30)


@pytest.mark.long
async def test_another_server_is_measured_and_one_that_is_not_there_drops_out() -> None:
    async with our_server(SETUP, 1) as other:
        there, absent = other.uri, "tcp://127.0.0.1:1"
        plan = replace(SHORT_PLAN, texts=(SECONDS_3,), busy_programs=(), most_listeners=1)
        laboratory = Laboratory(plan, SETUP, against=(there, absent))
        results = await laboratory.run()
    assert list(results.records) == [OURS, PLAIN, there, absent]
    assert results.records[there].replies["3 s"]
    assert most_served(results.records[there].trials) == 1
    assert "does not answer" in laboratory.findings.gave_up[absent]
    assert results.records[absent].replies == {}
    (house,) = (table for table in tables.tables(laboratory) if table.title.startswith("The house"))
    assert house.rows[-1][0] == "dropped out"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--against", "10200"], "--against"),
        (["--voice", "ff_siwis"], "speaks English"),
        (["--piper", "--as", "avx2"], "cannot be held to avx2"),
    ],
)
def test_what_cannot_be_measured_is_told(
    arguments: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("KOKORO_WYOMING_HOME", str(tmp_path))
    assert command.main(arguments) == 2
    assert words in capsys.readouterr().err


def test_a_part_of_a_run_can_be_wanted() -> None:
    parse = command.parser().parse_args
    assert command.plan_of(parse([])) == LongPlan()
    assert command.plan_of(parse(["--quick"])) == replace(SHORT_PLAN, repeat=1)
    part = command.plan_of(parse(["--only", "languages", "--only", "beside", "--repeat", "2"]))
    assert (part.repeat, part.speaks_languages, part.busy_programs) == (2, True, LongPlan.busy_programs)
    assert (part.texts, part.streamed, part.most_listeners, part.starts, part.packs) == ((), (), 0, 0, 0)


def test_no_time_is_no_time_limit(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--minutes", "-1"])
    assert "between" in capsys.readouterr().err
