"""The owner's own words: what they match, and what is said of wrong ones."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.client import AsyncClient
from wyoming.event import Event

from kokoro_wyoming import config
from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.pronunciation.lexicon import MAX_ENTRIES, Lexicon
from kokoro_wyoming.text.sentences import Run
from tests.stand_ins.beep_house import from_bytes, synthesize, text_of, to_bytes, until
from tests.stand_ins.beep_program import BeepManager, beep_program, settings

WORDS = {
    "Siobhan": "/ʃɪvˈɔːn/",
    "HVAC": "H vac",
    "nginx": "engine x",
    "Mount Doom": "the mountain",
    "mount": "horse",
    "c++": "see plus plus",
    "気温": "きおん",
}


def said(text: str, words: dict[str, str] | None = None, language: str = "en-US") -> str:
    """The words as they are read, phonemes in slashes."""
    runs = Lexicon({"en-US": WORDS if words is None else words}).split(Run(text), language)
    return "".join(f"/{run.phonemes}/" if run.phonemes else run.words or run.text for run in runs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Siobhan's HVAC, please.", "/ʃɪvˈɔːn/'s H vac, please."),
        ("siobhan and hvac", "siobhan and hvac"),
        ("NGINX, Nginx and nginx", "engine x, engine x and engine x"),
        ("Mount Doom, a mount, Mount\n Doom", "the mountain, a horse, the mountain"),
        ("mount doom", "horse doom"),
        ("dismounted mounts nginx2 _nginx", "dismounted mounts nginx2 _nginx"),
        ("I know C++.", "I know see plus plus."),
        ("今日の気温は", "今日のきおんは"),
        ("", ""),
    ],
)
def test_whole_words_are_replaced_the_longest_first_by_the_rules_of_case(text: str, expected: str) -> None:
    assert said(text) == expected


def test_an_entry_counts_for_its_language_and_one_for_all_everywhere_unless_a_language_has_its_own() -> None:
    lexicon = Lexicon({"all": {"ok": "okay", "tv": "telly"}, "fr-FR": {"tv": "télé"}})
    spoken = {tag: [run.words or run.text for run in lexicon.split(Run("ok tv"), tag)] for tag in ("en-US", "fr-FR")}
    assert spoken == {"en-US": ["okay", " ", "telly"], "fr-FR": ["okay", " ", "télé"]}


@given(st.text(st.sampled_from("Mount Dom ngix\n+#ſİ"), max_size=30))
def test_nothing_that_was_written_is_lost(text: str) -> None:
    assert "".join(run.text for run in Lexicon({"en-US": WORDS}).split(Run(text), "en-US")) == text


def _load(folder: Path, content: str) -> config.Config:
    path = folder / "my.yaml"
    path.write_text(content)
    return config.load(path)


def test_the_settings_take_any_spelling_of_a_language_and_a_star_for_all(tmp_path: Path) -> None:
    loaded = _load(tmp_path, 'lexicon:\n  en_us: {Siobhan: /ʃɪvˈɔːn/}\n  "*": {ok: okay}\n')
    assert loaded.lexicon == {"en-US": {"Siobhan": "/ʃɪvˈɔːn/"}, "all": {"ok": "okay"}}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("lexicon: {tlh: {a: b}}", "is not a language that Kokoro speaks"),
        ("lexicon: {en-US: [a]}", "is not a list of words"),
        ("lexicon: {en-US: {a: 5}}", "has 'a', which is no text: put word and spelling in quotes"),
        ("lexicon: {en-US: {a: ''}}", "is neither a spelling nor IPA"),
        ("lexicon: {en-US: {a: /b}}", "is neither a spelling nor IPA between two slashes"),
        ("lexicon: {en-US: {'...': b}}", "is no word"),
        (f"lexicon: {{en-US: {{{'a' * 65}: b}}}}", "is too long for a word"),
        (f"lexicon: {{en-US: {{a: {'b' * 257}}}}}", "is too long to be said"),
        ("lexicon: {en-US: {a: b}, en_us: {c: d}}", "has en-US twice"),
        ("lexicon: {all: {a: b}, '*': {c: d}}", "has all twice"),
        ("lexicon: {all: {a: b}, ALL: {c: d}}", "has all twice"),
    ],
)
def test_a_wrong_entry_is_told_with_the_way_out(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=r"my\.yaml:1: lexicon") as error:
        _load(tmp_path, content)
    assert complaint in str(error.value)


def test_there_is_an_end_to_a_lexicon(tmp_path: Path) -> None:
    words = "".join(f"  w{number}: a\n" for number in range(MAX_ENTRIES + 1))
    with pytest.raises(ConfigError, match="has 2,001 words; 2,000 are at most"):
        _load(tmp_path, f"lexicon:\n en-US:\n{words}")


async def _said(uri: str, text: str) -> str:
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(synthesize(text))
        events: list[Event] = []
        while not events or events[-1].type != "audio-stop":
            event = await client.read_event()
            assert event is not None
            events.append(event)
    return text_of(from_bytes(to_bytes(events)))


async def test_the_server_reads_words_as_its_owner_wants_and_learns_new_ones_at_a_hang_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})
    caplog.set_level("INFO")
    before, after = {"en-US": {"HVAC": "H vac"}}, {"en-US": {"HVAC": "heating"}}
    cached = {"cache__megabytes": 1}
    reread = partial(settings, tmp_path, lexicon=after, **cached)
    async with beep_program(tmp_path, reread, lexicon=before, **cached) as server:
        assert server.uri is not None
        assert await _said(server.uri, "HVAC on") == "H vac on"
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: "SIGHUP: " in caplog.text)
        assert await _said(server.uri, "HVAC on") == "heating on"
