"""The tables of docs/quality.md, in Markdown, from what `scripts.quality` wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from kokoro_wyoming.languages import TAGS
from scripts.heard_words import judge
from tests import corpus

WORST = 30
LEAST_WORDS_FOR_PACE = 6
"""Shorter ones are mostly silence at the ends."""
SLOW, FAST = 1.8, 0.55
"""Times the usual seconds per unit of a language: beyond it something was left out, or said twice."""
Row = dict[str, Any]
Rows = Mapping[str, Row]


def report(rows: Rows, before: Rows) -> Iterator[str]:
    """All tables; with `before`, what was heard then stands beside what is heard now."""
    now, then = judged(rows), judged(before)
    yield from _by(now, then, "language", TAGS, lambda row: row["language"])
    yield from _by(now, then, "class", corpus.CLASSES, lambda row: row["kind"])
    yield from _grid(now, then)
    voices = sorted({row["voice"] for row in now.values()})
    yield from _by(now, then, "voice", voices, lambda row: row["voice"])
    yield from _oddities(now)
    yield from _changes(now, then) if then else ()
    yield from _worst(now)


def judged(rows: Rows) -> dict[str, Row]:
    """The rows of items that are still in the corpus, judged anew by what the corpus and the spelling say now."""
    known = {item.id: item for item in corpus.items()}
    found = {}
    for key, row in rows.items():
        item = known.get(row["id"])
        if item is not None and item.text == row["text"]:
            verdict = {"errors": 1, "units": 1, "letters": 1.0, "heard": "", "said": item.said[0], "written": ""}
            if "failure" not in row:
                verdict = asdict(judge(item.said, row["written"], item.language[:2]))
            found[key] = {**row, **verdict}
    return found


def rate(rows: Iterable[Row]) -> float:
    """Errors over all units that were to be said; NaN for none."""
    rows = list(rows)
    return sum(row["errors"] for row in rows) / sum(row["units"] for row in rows) if rows else float("nan")


def _mean(rows: Iterable[Row], key: str) -> str:
    values = [row[key] for row in rows if row.get(key) is not None]
    return f"{np.mean(values):.2f}" if values else "-"


def _by(now: Rows, then: Rows, name: str, values: Iterable[str], of: Callable[[Row], str]) -> Iterator[str]:
    """One line for each value, and one for all."""
    both = [rows for rows in (then, now) if rows]
    yield f"| {name} | items | {'before | ' * (len(both) - 1)}error rate | letters | right | DNSMOS | P.808 | clicks |"
    yield "|---" * (8 + len(both)) + "|"
    for value in (*values, "all"):
        groups = [[row for row in rows.values() if value in (of(row), "all")] for rows in both]
        rows = groups[-1]
        if rows:
            rates = " | ".join(_percent(rate(group)) for group in groups)
            letters = _percent(float(np.mean([row["letters"] for row in rows])))
            right = _percent(float(np.mean([row["errors"] == 0 for row in rows])))
            scores = " | ".join(_mean(rows, key) for key in ("dnsmos", "dnsmos_p808"))
            found = sum(row.get("clicks", 0) for row in rows)
            yield f"| {value} | {len(rows)} | {rates} | {letters} | {right} | {scores} | {found} |"
    yield ""


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{100 * value:.1f} %"


def _grid(now: Rows, then: Rows) -> Iterator[str]:
    """Error rates by language and class; with those before, as `before > now`."""
    yield "| language | " + " | ".join(corpus.CLASSES) + " |"
    yield "|---" * (1 + len(corpus.CLASSES)) + "|"
    for language in TAGS:
        cells = []
        for kind in corpus.CLASSES:
            groups = [
                [row for row in rows.values() if (row["language"], row["kind"]) == (language, kind)]
                for rows in (then, now)
                if rows
            ]
            cells.append(" > ".join(_percent(rate(group)) for group in groups))
        yield f"| {language} | {' | '.join(cells)} |"
    yield ""


def _oddities(rows: Rows) -> Iterator[str]:
    """Sounds that are far longer or shorter than their words, that click or clip, and requests that failed."""
    yield "| odd | what |\n|---|---|"
    paces = {tag: _pace(row for row in rows.values() if row["language"] == tag) for tag in TAGS}
    for row in rows.values():
        if "failure" in row:
            yield f"| {row['id']} | failed: {row['failure']} |"
            continue
        pace = _seconds(row) / row["units"] / paces[row["language"]]
        if row["units"] >= LEAST_WORDS_FOR_PACE and not FAST < pace < SLOW:
            length = f"{_seconds(row):.1f} s of speech for {row['units']} units"
            yield f"| {row['id']} | {length}: {pace:.1f} times the usual |"
        if row["clicks"] or row["clipped"]:
            yield f"| {row['id']} | {row['clicks']} clicks, {row['clipped']} clipped samples |"
    yield ""


def _seconds(row: Row) -> float:
    """Length of the speech, without the silence at its ends."""
    return float(row["seconds"] - row["silence_before_seconds"] - row["silence_after_seconds"])


def _pace(rows: Iterable[Row]) -> float:
    """Median seconds for each unit."""
    spoken = [row for row in rows if "failure" not in row and row["units"] >= LEAST_WORDS_FOR_PACE]
    paces = [_seconds(row) / row["units"] for row in spoken]
    return float(np.median(paces)) if paces else float("nan")


def _changes(now: Rows, then: Rows) -> Iterator[str]:
    """What got better and what got worse, by errors."""
    shared = [(now[key]["errors"] - then[key]["errors"], key) for key in now.keys() & then.keys()]
    better, worse = sum(change < 0 for change, _ in shared), sum(change > 0 for change, _ in shared)
    yield f"Of {len(shared)} takes in both, {better} got better and {worse} worse. The worst of these:\n"
    yield "| item | was heard | is heard |\n|---|---|---|"
    for change, key in sorted(shared, reverse=True)[:WORST]:
        if change > 0:
            yield f"| {now[key]['id']} | {_cell(then[key]['written'])} | {_cell(now[key]['written'])} |"
    yield ""


def _worst(rows: Rows) -> Iterator[str]:
    yield "| worst | errors | sent | heard |\n|---|---|---|---|"
    for row in sorted(rows.values(), key=lambda row: (-row["errors"] / row["units"], -row["errors"]))[:WORST]:
        yield f"| {row['id']} | {row['errors']}/{row['units']} | {_cell(row['text'])} | {_cell(row['written'])} |"


def _cell(text: str) -> str:
    """A text that cannot break the table: its line breaks and bars are shown as signs."""
    text = text.strip().replace("\n", "⏎").replace("|", "¦").replace("`", "ˋ")
    return f"`{text if len(text) < 120 else text[:117] + '…'}`"
