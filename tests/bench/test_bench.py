"""The benchmark: figures from given event times, texts that hold their promises, and a whole run on stand-ins."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.bench import children, course, load, proc, report, summary
from kokoro_wyoming.bench.children import BenchError, started
from kokoro_wyoming.bench.contenders import OURS, PLAIN, Commands, Setup, our_server
from kokoro_wyoming.bench.course import Plan, Record, Results
from kokoro_wyoming.bench.figures import (
    PLAYER_BUFFER_SECONDS,
    Arrival,
    Bar,
    Reply,
    cpu_per_audio_second,
    listeners_goal,
    percentile,
    pooled_rtf,
    ratio,
    reply_of,
    undisturbed,
)
from kokoro_wyoming.bench.listener import Wyoming
from kokoro_wyoming.bench.load import Load, Trial
from kokoro_wyoming.bench.machine import count_flop
from kokoro_wyoming.bench.texts import (
    LISTENED,
    NAMES,
    ONE_SENTENCE,
    SECONDS_3,
    SECONDS_6,
    SECONDS_20,
    SECONDS_30,
    SEVERAL_SENTENCES,
    STREAMED,
    StreamedText,
    bursts,
)
from kokoro_wyoming.cli import main
from kokoro_wyoming.cli.bench import show

STAND_INS = ("-m", "tests.stand_ins.bench")
COMMANDS = Commands(server=(*STAND_INS, "server"), plain=(*STAND_INS, "plain"), parts=(*STAND_INS, "parts"))
SETUP = Setup(config=Path("c"), weights=Path("w"), voices=Path("v"), voice="beep", letter="a", commands=COMMANDS)
PLAN = replace(
    Plan.full(repeat=2),
    texts=(SECONDS_3, SECONDS_6, SECONDS_20, SECONDS_30),
    streamed=STREAMED[:1],
    busy_programs=(1,),
    starts=1,
    most_listeners=2,
)


# Figures


def test_a_reply_tells_first_sound_length_and_pace() -> None:
    reply = reply_of([Arrival(10.5, 1.0), Arrival(11.0, 3.0)], asked_at=10.0, ended_at=12.0, cpu_seconds=3.0)
    assert (reply.ttfa_seconds, reply.audio_seconds, reply.wall_seconds, reply.rtf) == (0.5, 4.0, 2.0, 0.5)
    assert reply.gaps_seconds == ()


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


def test_percentiles_lie_between_the_nearest_values() -> None:
    assert [percentile([4.0, 1.0, 3.0, 2.0, 5.0], percent) for percent in (0, 50, 95, 100)] == [1.0, 3.0, 4.8, 5.0]
    assert percentile([], 50) is None


def test_pooled_figures_weigh_long_replies_more() -> None:
    replies = [Reply(0.1, 1.0, 1.0, cpu_seconds=1.0), Reply(0.1, 9.0, 4.0, cpu_seconds=8.0), Reply(0.1, 5.0, 2.5)]
    assert pooled_rtf(replies) == 0.5
    assert cpu_per_audio_second(replies) == 0.9
    assert (pooled_rtf([]), cpu_per_audio_second(replies[2:])) == (None, None)


def test_a_ratio_with_the_unknown_is_unknown() -> None:
    assert [ratio(1.0, 4.0), ratio(None, 4.0), ratio(1.0, None), ratio(1.0, 0.0)] == [0.25, None, None, None]


def test_what_other_programs_disturbed_counts_only_where_there_is_nothing_else() -> None:
    peaceful, disturbed, unknown = (Reply(0.1, 1.0, 1.0, others_share=share) for share in (0.05, 0.5, None))
    assert undisturbed([peaceful, disturbed, unknown]) == [peaceful, unknown]
    assert undisturbed([disturbed]) == [disturbed]


@pytest.mark.parametrize(("rtf", "listeners"), [(0.2, 4), (0.3, 3), (0.5, 1), (1.0, 0), (None, None)])
def test_a_faster_server_should_serve_more_listeners(rtf: float | None, listeners: int | None) -> None:
    assert listeners_goal(rtf) == listeners


@pytest.mark.parametrize(
    ("value", "goal", "at_least", "met"),
    [(1.0, 1.0, False, True), (1.1, 1.0, False, False), (2.0, 2.0, True, True), (1.0, 2.0, True, False)],
)
def test_a_bar_is_met_on_its_own_side(value: float, goal: float, at_least: bool, met: bool) -> None:
    assert Bar("", None, None, value, goal, at_least).met is met
    assert Bar("", None, None, None, goal, at_least).met is None


def test_the_ratios_compare_ours_with_plain_and_with_itself() -> None:
    ours, plain = Record(peak_mib=[600.0]), Record(peak_mib=[1000.0])
    for text, ours_seconds, plain_seconds, audio_seconds in (
        (SECONDS_3, 0.3, 1.0, 3.0),
        (SECONDS_6, 0.4, 2.0, 6.0),
        (SECONDS_20, 0.5, 8.0, 20.0),
        (SECONDS_30, 0.6, 12.0, 30.0),
    ):
        ours.replies[text.label] = [Reply(ours_seconds, audio_seconds, audio_seconds / 5)]
        plain.replies[text.label] = [Reply(plain_seconds, audio_seconds, audio_seconds * 0.4)]
    ours.load = Load([Trial(1, None), Trial(2, None), Trial(3, None), Trial(4, "a gap"), Trial(4, "a gap")])
    found = summary.bars(Results(records={OURS: ours, PLAIN: plain}))
    assert [bar.value for bar in found] == pytest.approx([0.2, 0.0625, 2.0, 0.5, 3, 0.6])
    assert [bar.met for bar in found] == [True, True, False, True, False, True]


def test_a_ratio_says_when_it_is_made_of_what_was_disturbed() -> None:
    replies = [Reply(1.0, 6.0, 3.0, others_share=0.5), Reply(1.0, 6.0, 3.0, others_share=0.0)]
    peaceful, disturbed = Record(replies={"6 s": replies}), Record(replies={"6 s": replies[:1]})
    for ours, plain, is_disturbed in ((peaceful, peaceful, False), (disturbed, peaceful, True)):
        bar = summary.bars(Results(records={OURS: ours, PLAIN: plain}))[0]
        assert bar.is_disturbed is is_disturbed
    crowded = Load([Trial(1, None, others_share=0.5), Trial(2, "a gap", others_share=0.5)])
    assert crowded.is_disturbed
    assert not Load([*crowded.trials, Trial(2, "a gap", others_share=0.0)]).is_disturbed
    assert not Load().is_disturbed


def test_nothing_measured_is_nothing_judged() -> None:
    assert {bar.met for bar in summary.bars(Results())} == {None}


def test_listeners_are_counted_where_all_were_served() -> None:
    assert Load().listeners is None
    assert Load([Trial(1, "a gap"), Trial(1, "a gap")]).listeners == 0
    assert Load([Trial(1, None), Trial(2, "a gap"), Trial(2, None), Trial(3, "a gap")]).listeners == 2


# Texts


def test_no_text_is_the_same_for_another_repetition() -> None:
    for text in (*ONE_SENTENCE, *SEVERAL_SENTENCES, LISTENED):
        assert len({text.spoken_to(repetition) for repetition in range(len(NAMES))}) == len(NAMES)


def test_texts_have_the_sentences_they_are_named_for() -> None:
    for text in (*ONE_SENTENCE, *SEVERAL_SENTENCES, LISTENED):
        assert len(re.findall(r"[.!?]", text.spoken_to(0))) == text.sentences


@pytest.mark.parametrize("text", STREAMED, ids=lambda text: text.label)
def test_deltas_make_the_text_and_become_speakable_at_its_mark(text: StreamedText) -> None:
    for repetition, name in enumerate(NAMES):
        deltas = text.deltas(repetition)
        before, after = text.template.format(name=name).split("|")
        assert "".join(deltas) == before + after
        assert "".join(deltas[: text.speakable_after(repetition)]) == before


@given(st.lists(st.text(max_size=3), max_size=60))
def test_bursts_keep_every_delta_in_order(deltas: list[str]) -> None:
    assert [delta for burst, _ in bursts(deltas) for delta in burst] == deltas


# The machine


def test_operations_of_layers_are_counted() -> None:
    linear, lstm = torch.nn.Linear(3, 5), torch.nn.LSTM(3, 5, bidirectional=True)
    assert count_flop(linear, lambda: linear(torch.ones(7, 3))) == 2 * 7 * 3 * 5
    assert count_flop(lstm, lambda: lstm(torch.ones(7, 1, 3))) == 2 * 7 * 2 * (4 * 5) * (3 + 5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_process_is_looked_at_while_it_lives() -> None:
    assert (proc.cpu_seconds(os.getpid()) or 0) > 0
    assert (proc.peak_mib(os.getpid()) or 0) > 10
    assert proc.processor()


def test_a_process_that_is_not_there_has_no_figures() -> None:
    assert (proc.cpu_seconds(2**30), proc.peak_mib(2**30)) == (None, None)


def test_neighbours_take_what_the_machine_spends_on_nobody_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spent(user_ticks: int, stolen_ticks: int, measured_ticks: int, now_seconds: float) -> None:
        (tmp_path / "stat").write_text(f"cpu {user_ticks} 0 0 9999 9999 0 0 {stolen_ticks} 0 0\ncpu0 1\n")
        (tmp_path / "7/stat").write_text(f"7 (a b) S {'0 ' * 10}{measured_ticks} 0 0")
        monkeypatch.setattr(time, "monotonic", lambda: now_seconds)

    ticks = os.sysconf("SC_CLK_TCK")
    (tmp_path / "7").mkdir()
    monkeypatch.setattr(proc, "_PROC", tmp_path)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    spent(1000 * ticks, 0, 500 * ticks, now_seconds=0.0)
    neighbours = proc.Neighbours([7])
    # 100 s of 4 processors: 230 s for somebody, 150 s of them for the measured one.
    spent(1200 * ticks, 30 * ticks, 650 * ticks, now_seconds=100.0)
    assert neighbours.share() == pytest.approx(80 / 400, abs=0.01)
    monkeypatch.setattr(time, "monotonic", lambda: 0.01)
    assert neighbours.share() is None


# Children


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_child_is_ended_when_its_starter_is_cancelled() -> None:
    pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait_for_ever() -> None:
        async with started("mute", (*STAND_INS, "mute")) as child:
            await child.logged(re.compile("pid"))
            pid.set_result(child.pid)
            await child.answer()

    task = asyncio.ensure_future(wait_for_ever())
    await asyncio.wait((task, pid), return_when=asyncio.FIRST_COMPLETED)
    assert is_running(pid.result())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(pid.result())


def test_a_leashed_child_ends_when_its_starter_is_gone() -> None:
    leashed = [sys.executable, "-m", "kokoro_wyoming.bench.leash", "tests.stand_ins.bench", "mute"]
    with subprocess.Popen(leashed, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        assert child.stderr.readline() == f"pid {child.pid}\n"
        child.stdin.close()
        assert child.wait(30) == 1


async def test_a_child_that_dies_is_told_with_its_last_words() -> None:
    broken = replace(SETUP, commands=replace(COMMANDS, server=(*STAND_INS, "broken")))
    with pytest.raises(BenchError, match=r"our server ended with status 1(.|\n)*the weights are gone"):
        async with our_server(broken, 1):
            pass


async def test_a_silent_child_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "ANSWER_SECONDS", 0.1)
    async with started("mute", (*STAND_INS, "mute")) as child:
        with pytest.raises(BenchError, match="has not answered"):
            await child.answer()


# The whole


@pytest.mark.long
async def test_a_run_measures_everything_and_leaves_nothing_running(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    results = await course.run(PLAN, SETUP, lines.append)
    ours, plain = results.records[OURS], results.records[PLAIN]
    assert (results.threads, results.gflop_per_audio_second) == (3, 50.0)
    assert list(ours.replies) == [text.label for text in PLAN.texts]
    assert all(PLAN.repeat <= len(replies) <= 3 * PLAN.repeat for replies in ours.replies.values())
    assert {replace(reply, others_share=None) for reply in plain.replies["6 s"]} == {Reply(0.5, 4.0, 1.0, (), 2.0)}
    assert all(len(record.start_seconds) == 2 for record in (ours, plain))
    assert len(ours.streamed["short sentence first"]) == 2
    assert [len(record.beside[1]) for record in (ours, plain)] == [2, 2]
    assert ours.load.listeners == 2
    assert ours.load.describe_seconds
    assert ours.load.describe_failures == 0
    assert results.parts["pipeline_seconds"] == {"en-US": 3}
    told = json.loads(json.dumps(report.as_json(results)))
    assert told["summary"]["plain"]["long_rtf"] == 0.25
    assert [bar["goal"] for bar in told["ratios"]][:4] == [0.25, 0.08, 1.6, 0.55]
    show(results)
    printed = capsys.readouterr().out
    assert "Ratios inside this run" in printed
    assert "beside 1 busy program, of that alone" in printed
    assert all(f"\n{label} " in printed for label in ours.replies)


@pytest.mark.long
async def test_without_time_each_thing_is_done_once() -> None:
    results = await course.run(replace(PLAN, seconds=0.0, texts=(SECONDS_3,)), SETUP)
    ours = results.records[OURS]
    assert [len(ours.replies["3 s"]), len(ours.streamed["short sentence first"]), len(ours.start_seconds)] == [1, 1, 2]
    assert [trial.listeners for trial in ours.load.trials] == [1]


@pytest.mark.long
async def test_who_waits_long_for_the_first_sound_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_FIRST_SOUND_SECONDS", 0.0)
    results = await course.run(replace(PLAN, texts=(SECONDS_3,)), SETUP)
    assert results.records[OURS].load.listeners == 0
    assert "a first sound after" in str(results.records[OURS].load.trials[0].failure)


@pytest.mark.long
async def test_another_server_is_measured_and_one_that_is_not_there_drops_out() -> None:
    async with our_server(SETUP, 1) as other:
        assert isinstance(other.contender, Wyoming)
        there, absent = other.contender.uri, "tcp://127.0.0.1:1"
        plan = replace(Plan.quick(), texts=(SECONDS_3,), most_listeners=1)
        results = await course.run(plan, replace(SETUP, against=(there, absent)))
    assert list(results.records) == [OURS, PLAIN, there, absent]
    assert results.records[there].replies["3 s"]
    assert results.records[there].load.listeners == 1
    assert "does not answer" in str(results.records[absent].gave_up)
    assert results.records[absent].replies == {}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--voice", "ff_siwis"], 2, "speaks English"),
        (["--against", "10200"], 2, "--against"),
        (["--repeat", "0"], 2, "from 1 to"),
        (["--minutes", "-1"], 2, "between"),
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
