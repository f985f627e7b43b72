"""Has the corpus spoken by a real server, and writes down what whisper and DNSMOS make of it.

    python -m scripts.quality run RESULTS.json [--language en-US ...] [--only en-US/hard ...] [--voices best|all|N]
        [--minutes 5] [--server tcp://host:port | --checkout FOLDER] [--config mine.yaml] [--keep FOLDER] [--whole]
    python -m scripts.quality report AFTER.json [--before BEFORE.json] [--into docs/quality.md]
    python -m scripts.quality again RESULTS.json --keep FOLDER [--beam 10]

Needs `pip install -c constraints.txt -e .[quality]` and whisper-base (`scripts/fetch_whisper.py`), which is looked for
where the tests look, as are models and voices. Without --server a server is started, of this checkout or of
--checkout: so the same corpus and the same ears judge two states of the program.

The file of results is the memory: what stands in it is not said again, so a run can be stopped and gone on with, and
--minutes ends one in time. What was heard is judged anew at each report, by the corpus as it is then. Items are sent as
Home Assistant does, in chunks cut by lot (the same lot every time). `report` prints the tables of docs/quality.md, or
puts them there. `again` has whisper listen once more, with another beam, to what was kept of the items that it misheard
most: what two searches hear alike is more likely what was said.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from wyoming.info import Describe, Info
from wyoming.tts import SynthesizeVoice

from kokoro_wyoming.assets import Store
from kokoro_wyoming.languages import TAGS
from scripts.heard_words import judge
from scripts.quality_tables import judged, report
from scripts.sound_checks import Opinion, check
from tests import corpus
from tests.conftest import RunningServer
from tests.corpus import Item
from tests.listening import Ears, Heard, ask, ask_streamed, client_of

CHECKOUT = Path(__file__).parent.parent
WORST = 40
"""How many items `again` listens to."""
BEGIN_OF_TABLES, END_OF_TABLES = "<!-- tables: scripts/quality.py writes them -->", "<!-- end of tables -->"
Row = dict[str, Any]


@dataclass(frozen=True)
class Take:
    """One item by one voice."""

    item: Item
    voice: str

    @property
    def key(self) -> str:
        return f"{self.item.id} {self.voice}"


class Results:
    """Rows by key, and the file that remembers them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: dict[str, Row] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def knows(self, take: Take) -> bool:
        """Whether this very text was said; a request that failed is made again."""
        row = self.rows.get(take.key, {})
        return row.get("text") == take.item.text and "failure" not in row

    def add(self, key: str, row: Row) -> None:
        """Remember a row, on disk too."""
        self.rows[key] = row
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self.rows, ensure_ascii=False, indent=0), encoding="utf-8")
        part.replace(self._path)


async def voices_of(uri: str) -> dict[str, list[str]]:
    """The voices of each language, the best one first."""
    async with client_of(uri) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
    if event is None:
        raise ConnectionError(f"{uri} did not answer")
    voices = sorted(Info.from_event(event).tts[0].voices, key=lambda voice: voice.description or voice.name)
    return {tag: [voice.name for voice in voices if tag in voice.languages] for tag in TAGS}


def plan(items: list[Item], voices: dict[str, list[str]], wanted: str) -> Iterator[Take]:
    """What is to be said by whom: voice by voice, the best of each language first."""
    count = {"best": 1, "all": max(map(len, voices.values()))}.get(wanted) or int(wanted)
    for place in range(count):
        yield from (Take(item, names[place]) for item in items if place < len(names := voices[item.language]))


async def speak(uri: str, take: Take, *, whole: bool) -> Heard:
    """One item on a connection of its own."""
    voice = SynthesizeVoice(name=take.voice)
    async with client_of(uri) as client:
        if whole:
            return await ask(client, take.item.text, voice)
        return await ask_streamed(client, take.item.chunks(), voice)


def measure(take: Take, heard: Heard, ears: Ears, opinion: Opinion) -> Row:
    """A take's row: what was heard, how wrong it is, and how it sounds."""
    item, language = take.item, take.item.language[:2]
    row = {"id": item.id, "language": item.language, "kind": item.kind, "voice": take.voice, "text": item.text}
    if "error" in heard.types:
        return row | {"failure": str(heard.events[-1].data)}
    written = ears.write_to_judge(heard.samples, language)
    return row | {"written": written} | asdict(judge(item.said, written, language)) | check(heard.samples, opinion)


def run(options: argparse.Namespace, uri: str) -> None:
    """Measure what is not remembered yet, until the time is up."""
    results, end = Results(options.results), time.monotonic() + 60 * options.minutes
    ears, opinion = Ears(_whisper()), Opinion()
    takes = list(plan(_items(options), asyncio.run(voices_of(uri)), options.voices))
    missing = [take for take in takes if not results.knows(take)]
    for done, take in enumerate(missing):
        if time.monotonic() > end:
            print(f"{len(missing) - done} of {len(takes)} takes are still missing", file=sys.stderr)
            return
        heard = asyncio.run(speak(uri, take, whole=options.whole))
        if options.keep is not None:
            keep(options.keep, take.key, heard.pcm)
        results.add(take.key, row := measure(take, heard, ears, opinion))
        print(_line(row), file=sys.stderr, flush=True)


def _line(row: Row) -> str:
    if "failure" in row:
        return f"{row['id']}: {row['failure']}"
    figures = f"{row['errors']:3d}/{row['units']:3d} {row['seconds']:5.1f} s {row['dnsmos'] or 0:.2f}"
    return f"{figures} {row['id']} | {row['heard']}"


def _items(options: argparse.Namespace) -> list[Item]:
    names = tuple(options.only) or ("",)
    found = [item for item in corpus.items(*options.language) if item.id.startswith(names)]
    return found or sys.exit("no item is named so")


def _whisper() -> Path:
    return Path(os.environ.get("KOKORO_WYOMING_TEST_WHISPER", CHECKOUT / ".cache" / "whisper-base"))


def kept(folder: Path, key: str) -> Path:
    """Where a take's sound is."""
    return folder / (key.replace("/", "_").replace(" ", "_") + ".wav")


def keep(folder: Path, key: str, pcm: bytes) -> None:
    """Keep a take's sound: 16-bit PCM, 24 kHz, mono."""
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(kept(folder, key)), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(pcm)


def again(options: argparse.Namespace) -> None:
    """Listen once more to the worst of what was kept, and print both."""
    ears, rows = Ears(_whisper(), beam_size=options.beam), judged(Results(options.results).rows)
    wrong = [(row["errors"] / row["units"], key) for key, row in rows.items() if kept(options.keep, key).exists()]
    for _, key in sorted(wrong, reverse=True)[:WORST]:
        row = rows[key]
        with wave.open(str(kept(options.keep, key))) as file:
            pcm = file.readframes(file.getnframes())
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
        print(f"{key}\n  sent  {row['text']!r}\n  once  {row['written']}")
        print(f"  again {ears.write_to_judge(samples, row['language'][:2])}", flush=True)


def tell(options: argparse.Namespace) -> None:
    """Print the tables, or put them between the two comments of a document."""
    before = Results(options.before).rows if options.before else {}
    tables = "\n".join(report(Results(options.results).rows, before))
    if options.into is None:
        print(tables)
        return
    text = options.into.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN_OF_TABLES)
    _, end, tail = rest.partition(END_OF_TABLES)
    if not end:
        sys.exit(f"{options.into} has no {BEGIN_OF_TABLES} … {END_OF_TABLES}")
    options.into.write_text(f"{head}{BEGIN_OF_TABLES}\n\n{tables.strip()}\n\n{end}{tail}", encoding="utf-8")


@contextlib.contextmanager
def started(options: argparse.Namespace) -> Iterator[str]:
    """The address of the server: the one that runs, or one that is started for as long as this lasts."""
    if options.server:
        yield options.server
        return
    home = Path(os.environ.get("KOKORO_WYOMING_TEST_DATA", CHECKOUT))
    store = Store(models=home / "models", voices=home / "voices")
    arguments = ["--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline"]
    arguments += [f"--models={store.models}", f"--voices-folder={store.voices}"]
    arguments += [f"--config={options.config}"] if options.config else []
    running = RunningServer(*arguments, checkout=options.checkout)
    try:
        yield running.wait_until_ready()
    finally:
        running.end()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "report", "again"):
        commands.add_parser(name).add_argument("results", type=Path)
    measured, told, listened = (commands.choices[name] for name in ("run", "report", "again"))
    measured.add_argument("--language", nargs="*", default=[], choices=TAGS)
    measured.add_argument("--only", nargs="*", default=[], metavar="ID", help="items whose name begins so")
    measured.add_argument("--voices", default="best", metavar="best|all|N", help="of each language")
    measured.add_argument("--minutes", type=float, default=600.0)
    measured.add_argument("--server", metavar="tcp://HOST:PORT")
    measured.add_argument("--checkout", type=Path, default=CHECKOUT, help="whose server is started")
    measured.add_argument("--config", type=Path)
    measured.add_argument("--keep", type=Path, metavar="FOLDER", help="for the sounds")
    measured.add_argument("--whole", action="store_true", help="send each text whole and not in chunks")
    told.add_argument("--before", type=Path, metavar="RESULTS", help="other results to compare with")
    told.add_argument("--into", type=Path, metavar="DOCUMENT", help="whose tables are replaced")
    listened.add_argument("--keep", type=Path, required=True)
    listened.add_argument("--beam", type=int, default=10)
    return parser.parse_args()


def main() -> None:
    """One command."""
    options = _options()
    if options.command == "run":
        with started(options) as uri:
            run(options, uri)
    elif options.command == "again":
        again(options)
    else:
        tell(options)


if __name__ == "__main__":
    main()
