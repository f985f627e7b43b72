"""Numbers that documents tell are those of the code, and the version is told in one place."""

from __future__ import annotations

import configparser
import re
from datetime import date
from functools import reduce
from typing import Any

import pytest

import kokoro_wyoming
from kokoro_wyoming import config, scheduler
from kokoro_wyoming.assets import manifest, tensor_files
from kokoro_wyoming.audio import joining, pcm
from kokoro_wyoming.engine import calibration, model_engine
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.network import learning
from kokoro_wyoming.protocols import admission
from kokoro_wyoming.protocols.http import bodies, errors, offers
from kokoro_wyoming.protocols.wyoming import server
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.releases import described
from kokoro_wyoming.scheduler import listener, load
from kokoro_wyoming.server import process
from kokoro_wyoming.speakers import chime, journal, together
from kokoro_wyoming.speakers.kinds import wyoming
from kokoro_wyoming.strict_yaml import documents
from kokoro_wyoming.text import splitting
from kokoro_wyoming.text.markup import inline
from kokoro_wyoming.text.ssml import reader
from kokoro_wyoming.utterances import incoming_text, measures, requests
from kokoro_wyoming.voices import blends, packs
from tests.conftest import CHECKOUT

DEFAULTS = config.load()
ADDRESS = config.parse_uri(DEFAULTS.server.uri)
assert isinstance(ADDRESS, config.TcpAddress)
HTTP_ADDRESS = config.parse_uri(str(DEFAULTS.http.uri))
assert isinstance(HTTP_ADDRESS, config.TcpAddress)
WIRE = WireLimits()
V0_19, V1_0 = (len(manifest.release(version).voices()) for version in ("v0.19", "v1.0"))
SPEEDS = (blends.MIN_SPEED, blends.MAX_SPEED)

TOLD: dict[str, dict[str, tuple[float | None, ...]]] = {
    "README.md": {
        "**# voices in # languages**": (V1_0, len(TAGS)),
        "then serves on port #.": (ADDRESS.port,),
        "the server's machine and port #.": (ADDRESS.port,),
    },
    "Dockerfile": {"EXPOSE #": (ADDRESS.port,)},
    "docs/migration.md": {
        "| voices | # | # |": (V0_19, V1_0),
        "from # short utterances that nobody hears": (calibration.UTTERANCES,),
        "(# rows, # rows)": (described("v0.19").pack_rows, described("v1.0").pack_rows),
    },
    "docs/running.md": {
        "publish port #": (ADDRESS.port,),
        "it takes a priority of #:": (process._NICENESS,),
        "silences of # s and more that": (measures._HEARD_GAP_SECONDS,),
    },
    "docs/voices.md": {
        "blend has at most # voices; a pace lies between # and #.": (blends.MAX_PARTS, *SPEEDS),
        "the shape is (#, 1, #).": (described("v1.0").pack_rows, packs.STYLE_ROW_SIZE),
        "Its # voices then stand": (V0_19,),
    },
    "docs/api.md": {
        "machine>:#/v1` the server speaks": (HTTP_ADDRESS.port,),
        "more than # characters (`limits.text_chars`), # in a whole answer": (
            DEFAULTS.limits.text_chars,
            bodies.WHOLE_CHARS,
        ),
        "`Retry-After` says # seconds": (errors.RETRY_SECONDS,),
        "the text, up to # characters;": (DEFAULTS.limits.text_chars,),
        "outside of # to # it is clamped": SPEEDS,
        "for texts up to # characters.": (bodies.WHOLE_CHARS,),
        "`pcm` (# kHz,": (pcm.SAMPLE_RATE_HZ / 1000,),
    },
    "docs/announcements.md": {
        "waits for the others for # s at most": (together.TOGETHER_SECONDS,),
        "no answer for # s (`announcements.patience_seconds`)": (DEFAULTS.announcements.patience_seconds,),
        "up to # s of PCM": (chime.MAX_SECONDS,),
        "Up to # characters.": (bodies.WHOLE_CHARS,),
        "valid until # s after the announcement": (offers._KEEP_SECONDS,),
        "older than # s": (journal._STALE_SECONDS,),
    },
    "docs/speaking.md": {
        "silence, up to # s;": (inline.LONGEST_PAUSE_SECONDS,),
        "pauses that stand together last # s": (joining.MAX_SILENCE_SECONDS,),
        "no text comes for # s (`speech.quiet_seconds`)": (DEFAULTS.speech.quiet_seconds,),
        "(`speech.loudness_lufs`, #;": (DEFAULTS.speech.loudness_lufs,),
    },
    "docs/limits.md": {
        "| header of an event | # |": (WIRE.header_bytes,),
        "| data of an event | # |": (WIRE.data_bytes,),
        "| payload of an event | #,": (WIRE.payload_bytes,),
        "| JSON outside its strings | # of": (WIRE.structure_bytes,),
        "| nesting of JSON | # |": (WIRE.nesting,),
        "| events | # a second, # at once |": (WIRE.events_per_second, WIRE.events_burst),
        "| name of a voice, language, program | # characters,": (requests.MAX_NAME_CHARS,),
        "elements one in another, attributes of one | #, # |": (reader.MAX_DEPTH, reader.MAX_ATTRIBUTES),
        "| a piece given to the model | # characters,": (splitting.MAX_PIECE_CHARS,),
        "without a turn for the others | # characters": (incoming_text._SLICE_CHARS,),
        "lead-in, tail | # s |": (joining.MAX_SILENCE_SECONDS,),
        "logged once for each address, at most # |": (admission._STRANGERS_LOGGED,),
        "and # below `ulimit -n`": (admission._SPARE_FILES,),
        "an answer that is sent whole | # characters |": (bodies.WHOLE_CHARS,),
        "in JSON, and # |": (bodies._SPARE_BYTES,),
        "text of `POST /announce` | # characters": (bodies.WHOLE_CHARS,),
        "is ready waits for the others | # s": (together.TOGETHER_SECONDS,),
        "until # s after the announcement | 404": (offers._KEEP_SECONDS,),
        "| refusals being told | # |": (server._REFUSALS_AT_ONCE,),
        "| somebody's wait for a first word | # s |": (model_engine._HOPELESS_SECONDS,),
        "| held for one listener | # and # of": (WIRE.write_buffer_bytes, WIRE.socket_buffer_bytes),
        "| made ahead of a listener | # pieces |": (scheduler.PIECES_AHEAD,),
        "a voice has at most #, what was learned # |": (tensor_files.MAX_ARRAY_BYTES, tensor_files.MAX_ARCHIVE_BYTES),
    },
    "ARCHITECTURE.md": {
        "has rehearsed # utterances": (learning.ENOUGH_UTTERANCES,),
        "once more from # and stops": (calibration.UTTERANCES,),
        "is sent up to # s ahead": (wyoming._AHEAD_SECONDS,),
        "It hangs up # s after `played`": (wyoming.TAIL_SECONDS,),
        "When no text comes for # s,": (DEFAULTS.speech.quiet_seconds,),
    },
    "SECURITY.md": {"without aliases, at most #.": (documents.MAX_FILE_BYTES,)},
    "config/default.yaml": {
        "2.0 twice as fast; # to #,": SPEEDS,
        "one after @ its pace (# to #)": SPEEDS,
        "once, from # short utterances": (calibration.UTTERANCES,),
    },
}
SENTENCES = [(document, *each) for document, sentences in TOLD.items() for each in sentences.items()]

_NUMBER = r"(-?\d[\d,]*(?:\.\d+)?(?: [KM]iB)?|two|eleven)"
_WORDS = {"two": 2.0, "eleven": 11.0}
_UNITS = {"KiB": 1024, "MiB": 1024 * 1024}


def text_of(document: str) -> str:
    """A document as one line, without the signs that begin a comment's lines."""
    text = (CHECKOUT / document).read_text(encoding="utf-8")
    return re.sub(r"\n\s*(# )?\s*", " ", text)


def value_of(number: str) -> float:
    digits, _, unit = number.partition(" ")
    return _WORDS.get(number) or float(digits.replace(",", "")) * _UNITS.get(unit, 1)


@pytest.mark.parametrize(("document", "sentence", "numbers"), SENTENCES, ids=lambda told: str(told))
def test_a_number_in_a_document_is_that_of_the_code(
    document: str, sentence: str, numbers: tuple[float | None, ...]
) -> None:
    told = re.findall(re.escape(sentence).replace(r"\#", _NUMBER), text_of(document))
    assert told, f"{document} does not say: {sentence}"
    for found in told:
        assert [value_of(number) for number in ([found] if isinstance(found, str) else found)] == list(numbers)


@pytest.mark.parametrize("document", ["docs/limits.md", "docs/speaking.md"])
def test_a_default_in_a_document_is_that_of_the_settings(document: str) -> None:
    told = re.findall(r"`([a-z_]+\.[a-z_]+)`(?:, | \| )(-?\d[\d,.]*\d|\d)", text_of(document))
    assert told
    for key, number in told:
        default: Any = reduce(getattr, key.split("."), DEFAULTS)
        assert value_of(number) == default, key


def test_the_constants_of_the_scheduler_are_those_of_its_page() -> None:
    told = re.findall(r"\| `(\w+)` \| ([\d.]+)", text_of("docs/turns.md"))
    assert len(told) > 3
    for name, number in told:
        (place,) = (module for module in (scheduler, listener, load) if hasattr(module, name))
        assert float(number) == getattr(place, name), name


def test_the_version_is_told_in_one_place() -> None:
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    assert setup["metadata"]["version"] == "attr: kokoro_wyoming.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", kokoro_wyoming.__version__)


def test_documents_workflows_and_the_container_do_not_repeat_the_version() -> None:
    version = re.compile(rf"(?<![\w.=-])v?{re.escape(kokoro_wyoming.__version__)}(?![\w.])")
    told = [CHECKOUT / name for name in ("README.md", "Dockerfile", "SECURITY.md", "pyproject.toml", "setup.cfg")]
    for pattern in (
        "docs/*.md",
        "docs/*.yaml",
        "docs/*.service",
        "deploy/**/*.yaml",
        ".github/workflows/*",
        ".ci/*",
        "scripts/*.sh",
    ):
        told += CHECKOUT.glob(pattern)
    assert len(told) > 20
    for path in told:
        lines = path.read_text(encoding="utf-8").splitlines()
        # A comment may have it as an example.
        assert not [line for line in lines if version.search(line) and not line.startswith("#")], path


def test_the_newest_section_of_the_changes_is_that_of_this_version_and_every_one_has_its_day() -> None:
    sections = re.findall(r"^## (.+)$", (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    versions, days = zip(*(section.split(" - ") for section in sections if section != "Unreleased"), strict=True)
    assert versions[0] == kokoro_wyoming.__version__
    dates = [date.fromisoformat(day) for day in days]
    assert dates == sorted(dates, reverse=True)


def test_the_notice_has_the_licence_of_the_data_that_came_from_unicode() -> None:
    notice = (CHECKOUT / "NOTICE").read_text(encoding="utf-8")
    assert "emoji_names.tsv" in notice
    assert 'copy of data files and any associated documentation (the "Data Files")' in notice
    assert "SPDX-License-Identifier: Unicode-3.0" in notice
