"""The benchmark: figures from given event times, texts that hold their promises, and a whole run on stand-ins."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming import processor
from kokoro_wyoming.bench import children, contenders, course, load, machine, report
from kokoro_wyoming.bench.children import BenchError, started
from kokoro_wyoming.bench.contenders import OURS, PLAIN, our_server, serve
from kokoro_wyoming.bench.course import Course, Plan, Record, Results
from kokoro_wyoming.bench.figures import PLAYER_BUFFER_SECONDS, Arrival, Reply, median, pooled_rtf, ratio, reply_of
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.load import Trial, most_served
from kokoro_wyoming.bench.report import Row
from kokoro_wyoming.bench.texts import (
    FOUR_SENTENCES,
    LISTENED,
    NAMES,
    ONE_SENTENCE,
    SECONDS_3,
    SECONDS_6,
    SECONDS_20,
    SECONDS_30,
    UNMARKED,
    WORD,
)
from kokoro_wyoming.cli import main
from tests.conftest import CHECKOUT
from tests.stand_ins import bench as bench_stand_ins
from tests.stand_ins.bench import REPLY, SETUP

PLAN = Plan(repeat=2, busy_programs=(1,), most_listeners=2, calm_seconds=0.0)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    bench_stand_ins.stand_in(monkeypatch)


# Figures


def test_a_reply_tells_first_sound_length_and_pace() -> None:
    reply = reply_of([Arrival(10.5, 1.0), Arrival(11.0, 3.0)], asked_at=10.0, ended_at=12.0)
    assert reply == Reply(ttfa_seconds=0.5, audio_seconds=4.0, wall_seconds=2.0)


def test_a_reply_without_sound_has_no_figures() -> None:
    with pytest.raises(ValueError, match="without sound"):
        reply_of([], asked_at=0.0, ended_at=1.0)


def test_a_gap_is_heard_where_sound_comes_after_the_sound_before_has_run_out() -> None:
    arrivals = [Arrival(0.0, 1.0), Arrival(0.9, 1.0), Arrival(3.05, 1.0), Arrival(3.1, 1.0), Arrival(6.05, 1.0)]
    gaps = reply_of(arrivals, asked_at=0.0, ended_at=7.0).gaps_seconds
    # After the second piece there is sound until 2.05; after the fourth, which waits for the third, until 5.05.
    assert gaps == pytest.approx((1.0, 1.0))


@given(st.lists(st.floats(0.02, 3.0), min_size=1, max_size=20))
def test_sound_that_comes_as_fast_as_it_plays_has_no_gap(lengths_seconds: list[float]) -> None:
    at, in_time = 0.0, []
    for seconds in lengths_seconds:
        in_time.append(Arrival(at + PLAYER_BUFFER_SECONDS / 2, seconds))
        at += seconds
    assert reply_of(in_time, asked_at=0.0, ended_at=99.0).gaps_seconds == ()


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.02, 3.0)), min_size=1, max_size=20))
def test_gaps_are_what_the_playback_lasts_beyond_its_sound(pieces: list[tuple[float, float]]) -> None:
    at, arrivals = 0.0, []
    for pause_seconds, seconds in pieces:
        at += pause_seconds
        arrivals.append(Arrival(at, seconds))
    reply = reply_of(arrivals, asked_at=0.0, ended_at=at)
    plays_until = max(
        a.at + PLAYER_BUFFER_SECONDS * (n == 0) + sum(later.seconds for later in arrivals[n:])
        for n, a in enumerate(arrivals)
    )
    lasted = plays_until - arrivals[0].at - PLAYER_BUFFER_SECONDS
    assert sum(reply.gaps_seconds) == pytest.approx(lasted - reply.audio_seconds, abs=1e-6)


def test_pooled_figures_weigh_long_replies_more() -> None:
    assert pooled_rtf([Reply(0.1, 1.0, 1.0), Reply(0.1, 9.0, 4.0)]) == 0.5
    assert (pooled_rtf([]), median([])) == (None, None)


def test_a_ratio_with_the_unknown_is_unknown() -> None:
    assert [ratio(1.0, 4.0), ratio(None, 4.0), ratio(1.0, None), ratio(1.0, 0.0)] == [0.25, None, None, None]


@pytest.mark.parametrize(
    ("ours", "other", "goal", "met"),
    [(1.0, 1.0, 1.0, True), (1.1, 1.0, 1.0, False), (2.0, None, 2.0, True), (1.0, None, 2.0, False)],
)
def test_a_goal_is_met_on_its_own_side(ours: float, other: float | None, goal: float, met: bool) -> None:
    assert Row("", ours, other, goal).met is met
    assert Row("", None, other, goal).met is None
    assert Row("", ours, other, None).met is None


def test_the_rows_compare_ours_with_plain_and_with_itself() -> None:
    ours, plain = Record(), Record()
    for text, ours_seconds, plain_seconds, audio_seconds in (
        (WORD, 0.2, 1.0, 1.0),
        (SECONDS_3, 0.3, 1.0, 3.0),
        (SECONDS_6, 0.4, 2.0, 6.0),
        (SECONDS_20, 0.5, 8.0, 20.0),
        (UNMARKED, 0.3, 8.0, 20.0),
        (SECONDS_30, 0.6, 12.0, 30.0),
    ):
        ours.replies[text.label] = [Reply(ours_seconds, audio_seconds, audio_seconds / 5, peak_mib=600.0)]
        plain.replies[text.label] = [Reply(plain_seconds, audio_seconds, audio_seconds * 0.4, peak_mib=1000.0)]
    ours.beside[1] = [Reply(0.9, 3.0, 1.0)]
    ours.trials = [Trial(1), Trial(2), Trial(3), Trial(4, "a gap"), Trial(4, "a gap")]
    found = [row for row in report.rows(Results(records={OURS: ours, PLAIN: plain})) if row.goal is not None]
    # First sound of 6 s, of 20 s, of 30 s by 3 s, of 20 s without a comma by 3 s, of a word by 6 s; beside a program,
    # pace, memory. Listeners have nothing to compare with.
    expected = [0.2, 0.0625, 2.0, 1.0, 0.5, 3.0, 0.5, None, 0.6]
    assert [ratio(row.ours, row.other) for row in found] == [value and pytest.approx(value) for value in expected]
    assert [row.met for row in found] == [True, True, False, True, True, False, True, False, True]


def test_a_listener_for_each_reply_in_time_is_wanted_and_a_tenth_of_the_time_left() -> None:
    for rtf, listeners in ((0.2, 4), (0.3, 3), (0.5, 1), (1.0, 0), (0.01, 32)):
        ours = Record(replies={"20 s": [Reply(0.1, 10.0, 10 * rtf)]})
        rows = report.rows(Results(records={OURS: ours, PLAIN: Record()}))
        assert [row.goal for row in rows if row.name.startswith("listeners")] == [listeners]


def test_a_row_says_when_it_is_made_of_what_was_disturbed() -> None:
    for share, is_disturbed in ((0.5, True), (0.05, False), (None, False)):
        ours, plain = Record(replies={"6 s": [replace(REPLY, others_share=share)]}), Record(replies={"6 s": [REPLY]})
        rows = report.rows(Results(records={OURS: ours, PLAIN: plain}))
        (row,) = (row for row in rows if row.name == "first sound of 6 s, s")
        assert row.is_disturbed is is_disturbed
        assert ("disturbed" in row.cells()[-1]) is is_disturbed


@pytest.mark.long
@pytest.mark.parametrize(("shares", "tried"), [([0.0, 0.0], 2), ([0.5, 0.0, 0.5, 0.0], 4), ([0.5] * 9, 4)])
async def test_listeners_whom_other_programs_disturb_are_tried_again(
    shares: list[float], tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter(shares)
    monkeypatch.setattr(machine.Neighbours, "share", lambda _: next(told))
    monkeypatch.setattr(load, "_FIRST_SOUND_SECONDS", 0.0)
    async with our_server(SETUP, 1) as server:
        found = [trial async for trial in load.trials(server, 3, [])]
    assert [trial.listeners for trial in found] == [1] * tried
    assert [trial.is_disturbed for trial in found] == [share > 0.1 for share in shares[:tried]]


@pytest.mark.slow
async def test_who_is_not_answered_or_not_in_time_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [trial async for trial in load.trials(Wyoming("absent", "tcp://127.0.0.1:1", "beep"), 3, [])]
    assert [trial.listeners for trial in found] == [1, 1]
    assert all("does not answer" in str(trial.failure) for trial in found)
    monkeypatch.setattr(load, "_TRIAL_SECONDS", 0.0)
    async with our_server(SETUP, 1) as server:
        found = [trial async for trial in load.trials(server, 1, [])]
    assert all("not over" in str(trial.failure) for trial in found)


def test_nothing_measured_is_nothing_judged() -> None:
    assert {row.met for row in report.rows(Results())} == {None}


def test_listeners_are_counted_where_all_were_served() -> None:
    assert most_served([]) is None
    assert most_served([Trial(1, "a gap"), Trial(1, "a gap")]) == 0
    assert most_served([Trial(1), Trial(2, "a gap"), Trial(2), Trial(3, "a gap")]) == 2


# Texts


def test_no_text_is_the_same_for_another_repetition() -> None:
    for text in (*ONE_SENTENCE, FOUR_SENTENCES, LISTENED):
        assert len({text.spoken_to(repetition) for repetition in range(len(NAMES))}) == len(NAMES)


def test_one_sentence_is_one() -> None:
    for text in ONE_SENTENCE:
        assert len(re.findall(r"[.!?]", text.spoken_to(0))) == 1


# The machine


async def test_a_process_is_looked_at_while_it_lives() -> None:
    process = psutil.Process()
    assert machine.cpu_seconds(process) > 0
    async with machine.peak_followed(process) as peaks:
        await asyncio.sleep(0.1)
    assert peaks[-1] > 10


async def test_a_process_that_has_ended_has_no_figures() -> None:
    with started("short-lived") as child:
        process = psutil.Process(child.pid)
    assert machine.cpu_seconds(process) == 0
    async with machine.peak_followed(process) as peaks:
        await asyncio.sleep(0.1)
    assert peaks == [0.0]


@pytest.mark.slow
async def test_a_contender_has_the_variables_of_the_processor_that_it_is_measured_as() -> None:
    assert replace(SETUP, processor="native").environment == {}
    for name in ("avx2", "avx512"):
        environment = replace(SETUP, processor=name).environment
        with started("capped", environment) as child:
            assert await child.ask(os.getenv, "ATEN_CPU_CAPABILITY") == name
            assert {variable: await child.ask(os.getenv, variable) for variable in environment} == environment


def test_neighbours_take_what_the_machine_spends_on_nobody_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def spent(all_seconds: float, this_seconds: float, measured_seconds: float, now_seconds: float) -> None:
        core = type("Times", (), {"user": all_seconds / 4, "idle": 9999.0})
        monkeypatch.setattr(psutil, "cpu_times", lambda percpu: [core] * 4)
        monkeypatch.setattr(os, "times", lambda: (this_seconds, 0.0, 0.0, 0.0, now_seconds))
        monkeypatch.setattr(machine, "cpu_seconds", lambda _: measured_seconds)
        monkeypatch.setattr(time, "monotonic", lambda: now_seconds)

    for module in (processor, machine):
        monkeypatch.setattr(module, "cores_at_hand", lambda: frozenset(range(4)))
    spent(1000.0, 10.0, 500.0, now_seconds=0.0)
    neighbours = machine.Neighbours([psutil.Process()])
    assert neighbours.share() is None
    # 100 s of 4 processors: 240 s for somebody, 10 s of them for this process and 150 s for the measured one.
    spent(1240.0, 20.0, 650.0, now_seconds=100.0)
    assert neighbours.share() == pytest.approx(80 / 400)


@pytest.mark.parametrize(("shares", "spoken"), [([0.5, 0.5, 0.05], 3), ([0.0], 1), ([None], 1), ([0.5] * 9, 3)])
async def test_what_other_programs_disturb_is_tried_again(
    shares: list[float | None], spoken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, replies = iter(shares), []
    monkeypatch.setattr(machine.Neighbours, "share", lambda _: next(told))

    async def speak() -> Reply:
        replies.append(REPLY)
        return REPLY

    made = Course(PLAN, SETUP)
    with started("spoken") as child:
        contender = contenders.PlainPipeline(SETUP, child, (1, "", ""))
        reply = await made.measured(contender, speak)
    assert len(replies) == spoken
    assert reply.others_share == shares[spoken - 1]


# Children


@pytest.mark.slow
async def test_a_child_is_ended_when_its_starter_is_cancelled() -> None:
    pid: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def wait_for_ever() -> None:
        with started("mute") as child:
            child.tell(bench_stand_ins.mute)
            await child.logged(re.compile("pid"))
            pid.set_result(child.pid)
            await child.ask(bench_stand_ins.mute)

    task = asyncio.ensure_future(wait_for_ever())
    await asyncio.wait((task, pid), return_when=asyncio.FIRST_COMPLETED)
    process = psutil.Process(pid.result())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not process.is_running()


_STARTER = """
import time
from kokoro_wyoming.bench.children import started
from tests.stand_ins.bench import mute

if __name__ == "__main__":
    with started("mute") as child:
        child.tell(mute)
        print(child.pid, flush=True)
        time.sleep(600)
"""


@pytest.mark.slow
def test_a_child_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    (tmp_path / "starter.py").write_text(_STARTER)
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, str(tmp_path / "starter.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as starter:
        assert starter.stdout is not None
        child = psutil.Process(int(starter.stdout.readline()))
        starter.send_signal(signal.SIGKILL)
    child.wait(30)


@pytest.mark.long
async def test_a_child_that_dies_is_told_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders, "serve", bench_stand_ins.broken)
    with pytest.raises(BenchError, match=r"our server ended with status 1(.|\n)*the weights are gone"):
        async with our_server(SETUP, 1):
            pass
    with started("clumsy") as child, pytest.raises(BenchError, match="invalid literal"):
        await child.ask(int, "one")


@pytest.mark.long
async def test_our_server_is_the_program_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders, "serve", serve)
    empty = replace(SETUP, serve_arguments=(f"--models={tmp_path}", f"--voices-folder={tmp_path}"))
    with pytest.raises(BenchError, match=r"our server ended with status 1(.|\n)*kokoro-wyoming fetch"):
        async with our_server(empty, 1):
            pass


async def test_a_silent_child_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "ANSWER_SECONDS", 0.1)
    with started("mute") as child:
        with pytest.raises(BenchError, match="has not answered"):
            await child.ask(bench_stand_ins.mute)
        with pytest.raises(BenchError, match="is not ready"):
            await child.logged(re.compile("never"))


# The whole


@pytest.mark.long
async def test_a_run_measures_everything_and_leaves_nothing_running() -> None:
    lines: list[str] = []
    results = await Course(PLAN, SETUP, lines.append).run()
    ours, plain = results.records[OURS], results.records[PLAIN]
    assert (results.threads, results.torch, results.device) == (3, "2.0", "cpu")
    assert list(ours.replies) == [text.label for text in (*ONE_SENTENCE, FOUR_SENTENCES)]
    assert {len(replies) for replies in ours.replies.values()} == {2}
    assert [(reply.ttfa_seconds, reply.wall_seconds) for reply in plain.replies["6 s"]] == [(0.5, 1.0)] * 2
    assert all(reply.peak_mib for record in (ours, plain) for reply in record.replies["30 s"])
    assert [len(record.beside[1]) for record in (ours, plain)] == [2, 2]
    assert most_served(ours.trials) == 2
    assert not multiprocessing.active_children()
    told = json.loads(json.dumps(report.as_json(results)))
    assert [row["goal"] for row in told["rows"] if row["goal"]][:3] == [0.25, 0.08, 1.6]
    assert "3 threads" in report.headlines(results)
    _, rows = report.table(results)
    assert {f"first sound of {text.label}, s" for text in ONE_SENTENCE} < {row[0] for row in rows}
    assert "first sound of 3 s beside busy programs: 1, of that alone" in {row[0] for row in rows}


@pytest.mark.long
async def test_without_time_each_thing_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_FIRST_SOUND_SECONDS", 0.0)
    results = await Course(replace(PLAN, seconds=0.0, texts=(SECONDS_3,)), SETUP).run()
    ours = results.records[OURS]
    assert [len(ours.replies["3 s"]), len(ours.beside[1]), len(ours.trials)] == [1, 1, 2]
    # Nor is anybody served who waits long for the first sound.
    assert "a first sound after" in str(ours.trials[0].failure)
    assert most_served(ours.trials) == 0


@pytest.mark.long
def test_a_command_prints_one_table_and_writes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kokoro_wyoming.cli.bench.setup_of", lambda _: SETUP)
    plan = replace(PLAN, texts=(SECONDS_3,), most_listeners=1, busy_programs=())
    monkeypatch.setattr(course, "Plan", lambda repeat: replace(plan, repeat=repeat))
    assert main(["bench", "--quick", "--json", str(tmp_path / "figures.json")]) == 0
    assert re.search(r"\nfirst sound of 3 s, s +\d", capsys.readouterr().out)
    assert json.loads((tmp_path / "figures.json").read_text())["records"]["plain"]["replies"]["3 s"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--voice", "ff_siwis"], 2, "speaks English"),
        (["--repeat", "0"], 2, "from 1 to"),
        (["--config", "cache.yaml"], 2, "cache.megabytes"),
        ([], 1, "is missing; run `kokoro-wyoming fetch`"),
    ],
)
def test_what_cannot_be_measured_is_told(
    arguments: list[str],
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KOKORO_WYOMING_HOME", str(tmp_path))
    (tmp_path / "cache.yaml").write_text("cache: {megabytes: 1}\n")
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *arguments]) == status
    assert words in capsys.readouterr().err
