"""Which voice speaks, and how many may ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kokoro_wyoming.assets import Store
from kokoro_wyoming.bench.texts import UNMARKED
from kokoro_wyoming.engine import model_engine, model_manager
from kokoro_wyoming.engine.model_engine import Engine
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import BusyError, UnknownLanguageError, UnknownVersionError, UnknownVoiceError
from kokoro_wyoming.scheduler import ModelThread
from kokoro_wyoming.utterances.requests import SpeechRequest
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.voices.catalogue import Catalogue, voice_label, voice_language
from kokoro_wyoming.voices.descriptions import SpokenVoice, VoiceDescription, VoiceOptions, VoiceRequest
from scripts.heard_words import judge
from tests.listening import Ears

NAMES = ("af_heart", "af_bella", "bf_emma", "bm_george", "ef_dora", "zf_xiaoxiao")
OLD_NAMES = ("af", "af_bella", "bf_emma", "bm_lewis")
WEIGHTS = {"v1.0": "official weights", "v0.19": "custom weights"}


def _catalogue(version: str) -> Catalogue:
    names = NAMES if version == "v1.0" else OLD_NAMES
    voices = tuple(VoiceDescription(n, voice_label(n, version), (voice_language(n) or "",), version) for n in names)
    return Catalogue(version, Path("voices"), voices, {})


@pytest.fixture(scope="module")
def thread() -> Iterator[ModelThread]:
    made = ModelThread()
    yield made
    made.close()


@pytest.fixture
def make_engine(thread: ModelThread) -> Callable[..., Engine]:
    def make(*versions: str, max_utterances: int = 64, **choices: Any) -> Engine:
        catalogues = [_catalogue(version) for version in versions or ("v1.0",)]
        manager = ModelManager(Path("models"), Path("voices"), thread=thread)
        return Engine(
            manager, catalogues, weights=WEIGHTS, choices=VoiceOptions(**choices), max_utterances=max_utterances
        )

    return make


def _spoken(name: str, language: str, speed: float = 1.0, version: str = "v1.0") -> SpokenVoice:
    return SpokenVoice(version, name, language, speed)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (VoiceRequest(), _spoken("af_heart", "en-US")),
        (VoiceRequest(name="bm_george"), _spoken("bm_george", "en-GB")),
        (VoiceRequest(language="en-GB"), _spoken("bf_emma", "en-GB")),
        (VoiceRequest(language="es_MX"), _spoken("ef_dora", "es-ES")),
        (VoiceRequest(language="zh-Hans"), _spoken("zf_xiaoxiao", "zh-CN")),
        (VoiceRequest(name="bf_emma", language="es"), _spoken("bf_emma", "es-ES")),
        (VoiceRequest(name="", language=""), _spoken("af_heart", "en-US")),
    ],
)
def test_a_request_is_answered_by_the_voice_one_would_expect(
    request_: VoiceRequest, expected: SpokenVoice, make_engine: Callable[..., Engine]
) -> None:
    assert make_engine().resolve(request_) == expected


def test_the_owner_s_choices_come_before_the_best_voices(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(language="en-GB", voices={"en-GB": "bm_george", "en-US": "af_bella"}, speed=1.2)
    assert engine.resolve(VoiceRequest()) == _spoken("bm_george", "en-GB", 1.2)
    assert engine.resolve(VoiceRequest(language="en-US")).name == "af_bella"
    assert make_engine(voice="ef_dora").resolve(VoiceRequest()) == _spoken("ef_dora", "es-ES")


def test_an_owner_s_choice_that_does_not_exist_is_told_at_the_start(make_engine: Callable[..., Engine]) -> None:
    with pytest.raises(UnknownVoiceError, match="did you mean af_heart"):
        make_engine(voice="af_hart")
    with pytest.raises(UnknownVoiceError):
        make_engine(voices={"en-GB": "bf_nobody"})


def test_unknown_names_are_refused_with_a_hint(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine()
    with pytest.raises(UnknownVoiceError, match="did you mean bf_emma"):
        engine.resolve(VoiceRequest(name="bf_ema"))
    with pytest.raises(UnknownVoiceError, match="kokoro-wyoming voices"):
        engine.resolve(VoiceRequest(name="x" * 100_000))
    with pytest.raises(UnknownLanguageError, match="there is en-GB, en-US"):
        engine.resolve(VoiceRequest(language="de"))
    with pytest.raises(UnknownLanguageError):
        engine.resolve(VoiceRequest(language="ja"))  # spoken by Kokoro, and no voice of it is here


def test_a_program_is_chosen_by_its_name_or_its_release(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine()
    for program in (None, "Kokoro", "v1.0"):
        assert engine.resolve(VoiceRequest(), program).version == "v1.0"
    with pytest.raises(UnknownVersionError, match="no program 'piper'; there is \"Kokoro\""):
        engine.resolve(VoiceRequest(), "piper")


def test_a_place_is_for_one_utterance_and_there_are_only_so_many(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(max_utterances=2)
    first, _ = engine.utterance(), engine.utterance()
    with pytest.raises(BusyError, match="try again later"):
        engine.utterance()
    first.close()
    first.close()
    engine.utterance()
    with pytest.raises(BusyError):
        engine.utterance()


def test_who_would_wait_too_long_is_told_at_once(
    make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    monkeypatch.setattr(ModelThread, "longest_wait_seconds", 25.0)
    with pytest.raises(BusyError, match="for 25 s already; try again later"):
        engine.utterance()
    engine.utterance(patient=True).close()


def test_the_description_says_which_weights_run(make_engine: Callable[..., Engine]) -> None:
    (program,) = make_engine().programs()
    assert (program.name, program.description) == ("Kokoro", "Kokoro v1.0 (official weights)")
    assert {voice.name for voice in program.voices} == set(NAMES)


# Two releases


def test_a_selected_program_speaks_with_its_own_voices_only(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine("v1.0", "v0.19")
    for program in ("Kokoro v0.19", "v0.19", "0.19"):
        assert engine.resolve(VoiceRequest(), program) == _spoken("af", "en-US", version="v0.19")
        assert engine.resolve(VoiceRequest(name="af_bella"), program).version == "v0.19"
        assert engine.resolve(VoiceRequest(language="en-GB"), program) == _spoken("bf_emma", "en-GB", version="v0.19")
    assert engine.resolve(VoiceRequest(name="af_bella"), "Kokoro").version == "v1.0"
    with pytest.raises(UnknownVoiceError, match=r"'af_heart' in Kokoro v0\.19; .*v1\.0/af_heart"):
        engine.resolve(VoiceRequest(name="af_heart"), "Kokoro v0.19")
    with pytest.raises(UnknownVoiceError, match=r"'bm_lewis' in Kokoro v1\.0; .*v0\.19/bm_lewis"):
        engine.resolve(VoiceRequest(name="bm_lewis"))
    with pytest.raises(UnknownLanguageError, match=r"by Kokoro v0\.19; there is en-GB, en-US"):
        engine.resolve(VoiceRequest(language="es"), "Kokoro v0.19")
    with pytest.raises(UnknownLanguageError):
        engine.resolve(VoiceRequest(name="v0.19/af_bella", language="es"))


def test_a_voice_of_the_other_release_is_called_by_its_full_name(make_engine: Callable[..., Engine]) -> None:
    for offered in (True, False):
        engine = make_engine("v1.0", "v0.19", offer_other_release=offered)
        assert engine.resolve(VoiceRequest(name="v0.19/af_bella")) == _spoken("af_bella", "en-US", version="v0.19")
        assert engine.resolve(VoiceRequest(name="v1.0/af_heart"), "Kokoro v0.19") == _spoken("af_heart", "en-US")


def test_a_release_that_is_not_installed_is_asked_for_in_vain_and_told_how_to_get(
    make_engine: Callable[..., Engine],
) -> None:
    engine = make_engine()
    assert [program.name for program in engine.programs()] == ["Kokoro"]
    for request, program in ((VoiceRequest(), "Kokoro v0.19"), (VoiceRequest(name="v0.19/af_bella"), None)):
        with pytest.raises(UnknownVersionError, match=r"not installed here; `kokoro-wyoming fetch --model-version"):
            engine.resolve(request, program)


def test_the_default_release_is_the_first_program_and_lists_the_other_s_voices(
    make_engine: Callable[..., Engine],
) -> None:
    first, second = make_engine("v1.0", "v0.19").programs()
    assert (first.name, second.name) == ("Kokoro", "Kokoro v0.19")
    assert [voice.name for voice in second.voices] == ["bf_emma", "bm_lewis", "af", "af_bella"]
    assert {voice.name for voice in first.voices} == {*NAMES, *(f"v0.19/{name}" for name in OLD_NAMES)}
    labels = {voice.name: voice.label for voice in first.voices}
    assert labels["v0.19/bf_emma"] == "Emma v0.19 (British English, female)"
    assert labels["bf_emma"] == "* Emma (British English, female)"
    assert len(set(labels.values())) == len(labels)
    assert {voice.version for voice in first.voices if "/" in voice.name} == {"v0.19"}


def test_the_best_voice_still_sorts_first_beside_guests_and_own_names(make_engine: Callable[..., Engine]) -> None:
    for order in (("v1.0", "v0.19"), ("v0.19", "v1.0")):
        (first, _) = make_engine(*order, aliases={"Aa": "af_bella", "Ab": "bf_emma"}).programs()
        for tag, best in (("en-US", {"v1.0": "af_heart", "v0.19": "af"}), ("en-GB", dict.fromkeys(order, "bf_emma"))):
            by_label = sorted((voice.label, voice.name) for voice in first.voices if tag in voice.languages)
            assert by_label[0][1] == best[order[0]]


def test_the_older_release_may_be_the_default_and_lends_what_it_lacks(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine("v0.19", "v1.0")
    assert [program.name for program in engine.programs()] == ["Kokoro v0.19", "Kokoro"]
    assert engine.resolve(VoiceRequest()) == _spoken("af", "en-US", version="v0.19")
    assert engine.resolve(VoiceRequest(name="af_bella")).version == "v0.19"
    assert engine.resolve(VoiceRequest(language="es")) == _spoken("ef_dora", "es-ES")
    with pytest.raises(UnknownLanguageError):
        engine.resolve(VoiceRequest(language="es"), "Kokoro v0.19")


def test_without_the_offer_a_program_lists_its_own_voices_only(make_engine: Callable[..., Engine]) -> None:
    first, second = make_engine("v1.0", "v0.19", offer_other_release=False).programs()
    assert {voice.name for voice in first.voices} == set(NAMES)
    assert {voice.name for voice in second.voices} == set(OLD_NAMES)


# Blends, speed, names of one's own


def test_blends_and_speed_are_named(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine("v1.0", "v0.19", speed=1.5)
    blend = engine.resolve(VoiceRequest(name="af_heart(2)+bm_george@0.9"))
    assert blend == _spoken("af_heart(2)+bm_george", "en-US", 0.9)
    assert engine.resolve(VoiceRequest(name="bm_george + af_heart")) == _spoken("bm_george+af_heart", "en-GB", 1.5)
    assert engine.resolve(VoiceRequest(name="v0.19/af_bella+bm_lewis@2")) == _spoken(
        "af_bella+bm_lewis", "en-US", 2.0, "v0.19"
    )
    with pytest.raises(UnknownVoiceError, match=r"'bm_lewis' in Kokoro v1\.0"):
        engine.resolve(VoiceRequest(name="af_bella+bm_lewis"))
    with pytest.raises(UnknownVoiceError, match="at character 11"):
        engine.resolve(VoiceRequest(name="af_heart@1x"))


def test_names_of_one_s_own_are_offered_and_spoken(make_engine: Callable[..., Engine]) -> None:
    own = {"Kitchen": "af_heart(2)+af_bella@0.95", "Living room": "bf_emma", "Opa": "v0.19/bm_lewis"}
    engine = make_engine("v1.0", "v0.19", aliases=own, voice="living ROOM", voices={"en-US": "Kitchen"})
    assert engine.resolve(VoiceRequest(name="Kitchen")) == _spoken("af_heart(2)+af_bella", "en-US", 0.95)
    assert engine.resolve(VoiceRequest(name="kitchen@1.2")).speed == 1.2
    assert engine.resolve(VoiceRequest()) == _spoken("bf_emma", "en-GB")
    assert engine.resolve(VoiceRequest(language="en")).name == "af_heart(2)+af_bella"
    assert engine.resolve(VoiceRequest(name="Opa")) == _spoken("bm_lewis", "en-GB", version="v0.19")
    assert engine.resolve(VoiceRequest(name="Kitchen"), "Kokoro v0.19").version == "v1.0"
    first, second = engine.programs()
    labels = {voice.name: (voice.label, voice.languages, voice.version) for voice in first.voices}
    assert labels["Kitchen"] == ("Kitchen (American English)", ("en-US",), "v1.0")
    assert labels["Opa"] == ("Opa (British English)", ("en-GB",), "v0.19")
    assert "Opa" in {voice.name for voice in second.voices}
    assert "Kitchen" not in {voice.name for voice in second.voices}


def test_a_name_of_one_s_own_that_cannot_be_spoken_is_left_out_and_told(
    make_engine: Callable[..., Engine], caplog: pytest.LogCaptureFixture
) -> None:
    own = {"Good": "af_heart", "Gone": "af_gone", "Old": "v0.19/af_bella", "af_bella": "bf_emma"}
    engine = make_engine(aliases=own)
    assert {voice.name for voice in engine.programs()[0].voices} == {*NAMES, "Good"}
    told_of = [record.args[0] for record in caplog.records if isinstance(record.args, tuple)]
    assert told_of == ["Gone", "Old", "af_bella"]
    assert "fetch --model-version v0.19" in caplog.text
    with pytest.raises(UnknownVoiceError, match="did you mean Good"):
        engine.resolve(VoiceRequest(name="Goud"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AF_HEART", _spoken("af_heart", "en-US")),
        ("Bf_Emma@1.2", _spoken("bf_emma", "en-GB", 1.2)),
        ("AF_Heart+af_heart(2)", _spoken("af_heart", "en-US")),
        ("AF_Heart+Bf_emma+af_HEART", _spoken("af_heart(2)+bf_emma", "en-US")),
        ("V0.19/AF", _spoken("af", "en-US", version="v0.19")),
        ("V1.0/BM_GEORGE", _spoken("bm_george", "en-GB")),
        ("OPA", _spoken("bm_george", "en-GB")),
    ],
)
def test_names_of_voices_are_compared_without_case(
    name: str, expected: SpokenVoice, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine("v1.0", "v0.19", aliases={"Opa": "BM_George"})
    assert engine.resolve(VoiceRequest(name=name)) == expected
    assert engine.resolve(VoiceRequest(speaker=name)) == expected
    chosen = make_engine("v1.0", "v0.19", aliases={"Opa": "BM_George"}, voice=name, voices={"en-GB": name})
    assert chosen.resolve(VoiceRequest()) == expected
    assert chosen.resolve(VoiceRequest(language="EN_gb")).name == expected.name


def test_programs_are_compared_without_case_and_a_voice_of_another_release_is_still_told(
    make_engine: Callable[..., Engine],
) -> None:
    engine = make_engine("v1.0", "v0.19")
    for program in ("KOKORO V0.19", "kokoro v0.19"):
        assert engine.resolve(VoiceRequest(), program).version == "v0.19"
    for program in ("kokoro", "KOKORO"):
        assert engine.resolve(VoiceRequest(), program).version == "v1.0"
    with pytest.raises(UnknownVoiceError, match=r"'BM_LEWIS' in Kokoro v1\.0; .*: v0\.19/bm_lewis\."):
        engine.resolve(VoiceRequest(name="BM_LEWIS"))


@pytest.mark.parametrize("name", ["AF_HEART", "Af_Heart", "BM_LEWIS", "kokoro", "KOKORO V0.19", "V0.19"])
def test_a_name_of_one_s_own_is_no_voice_s_and_no_release_s_in_other_capitals(
    name: str, make_engine: Callable[..., Engine], caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine("v1.0", "v0.19", aliases={name: "bf_emma"})
    assert f"{name} is already the name of a " in caplog.text
    assert name not in {voice.name for program in engine.programs() for voice in program.voices}
    assert engine.resolve(VoiceRequest(name="af_heart")).name == "af_heart"
    engine.update([_catalogue("v1.0")], WEIGHTS)
    assert engine.resolve(VoiceRequest(name="af_heart")).name == "af_heart"


@pytest.mark.parametrize(
    ("name", "speaker", "expected"),
    [
        ("af_heart", "@1.2", _spoken("af_heart", "en-US", 1.2)),
        ("af_heart@0.8", "+af_bella(0.5)", _spoken("af_heart+af_bella(0.5)", "en-US", 0.8)),
        ("Living room", "@0.8", _spoken("bf_emma", "en-GB", 0.8)),
        ("bf_emma", "af_heart", _spoken("af_heart", "en-GB")),
        ("bf_emma", "bf_emma", _spoken("bf_emma", "en-GB")),
        (None, "bf_emma", _spoken("bf_emma", "en-GB")),
        (None, "@1.2", _spoken("af_heart", "en-US", 1.2)),
    ],
)
def test_a_speaker_refines_the_voice(
    name: str | None, speaker: str, expected: SpokenVoice, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(aliases={"Living room": "bf_emma"})
    assert engine.resolve(VoiceRequest(name=name, speaker=speaker)) == expected


def test_a_speaker_that_means_nothing_is_refused(make_engine: Callable[..., Engine]) -> None:
    for speaker in ("af_nobody", "@fast", "+", "7"):
        with pytest.raises(UnknownVoiceError):
            make_engine().resolve(VoiceRequest(name="af_heart", speaker=speaker))


def test_what_comes_while_it_runs_is_offered_and_what_goes_is_not(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(voice="ef_dora")
    engine.update([_catalogue("v1.0"), _catalogue("v0.19")], WEIGHTS)
    assert len(engine.programs()) == 2
    assert engine.resolve(VoiceRequest(), "Kokoro v0.19").version == "v0.19"
    engine.update([Catalogue("v1.0", Path("voices"), _catalogue("v1.0").voices[:1], {})], WEIGHTS)
    assert [voice.name for voice in engine.programs()[0].voices] == ["af_heart"]
    with pytest.raises(UnknownVoiceError, match="ef_dora"):
        engine.resolve(VoiceRequest())


async def test_memory_is_given_back_when_nobody_has_spoken_for_a_while(
    make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back = asyncio.Event()
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(model_engine, "trim_heap", lambda: loop.call_soon_threadsafe(given_back.set))
    monkeypatch.setattr(model_engine, "_IDLE_SECONDS", 0.05)
    await _happens_when_the_last_utterance_ends(given_back, make_engine())


async def test_dictionaries_are_let_go_as_soon_as_nobody_is_spoken_to(
    make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = asyncio.Event()
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(model_manager, "let_dictionaries_go", lambda: loop.call_soon_threadsafe(let_go.set))
    await _happens_when_the_last_utterance_ends(let_go, make_engine())


async def _happens_when_the_last_utterance_ends(event: asyncio.Event, engine: Engine) -> None:
    first, second = engine.utterance(), engine.utterance()
    first.close()
    await asyncio.sleep(0.1)
    assert not event.is_set()
    second.close()
    await asyncio.wait_for(event.wait(), 10)


@pytest.mark.weights
async def test_every_language_that_is_offered_is_prepared_before_anyone_asks(model_data: Store) -> None:
    manager = ModelManager(model_data.models, model_data.voices)
    catalogues = manager.folders.catalogues()
    engine = Engine(manager, catalogues, weights={catalogue.version: "weights" for catalogue in catalogues})
    release = await manager.get_model()
    assert not release._quiet_pipelines
    await engine.prepare_languages()
    assert set(release._quiet_pipelines) == set("abefhijpz")
    assert manager.thread.longest_wait_seconds == 0
    manager.thread.close()


@pytest.mark.weights
@pytest.mark.parametrize(
    ("voice", "text", "first"),
    [
        ("af_heart", UNMARKED.spoken_to(0), "Anna will walk along the river with the old dog"),
        (
            "ef_dora",
            "La primera reunión de mañana con el equipo de ventas de Barcelona empieza a las nueve y media en la sala "
            "del segundo piso y después habrá una comida en el pequeño restaurante italiano de la estación de tren.",
            "La primera reunión de mañana con el equipo de ventas de Barcelona empieza a las nueve y media en la sala "
            "del segundo piso",
        ),
    ],
)
async def test_a_long_sentence_without_a_mark_is_heard_before_its_rest_is_made(
    voice: str, text: str, first: str, model_data: Store, ears: Ears
) -> None:
    manager = ModelManager(model_data.models, model_data.voices)
    engine = Engine(manager, manager.folders.catalogues(), weights=WEIGHTS)
    utterance = SpeechService(engine).begin(SpeechRequest(VoiceRequest(voice)), client="test")
    utterance.add(text)
    utterance.finish()
    sound = utterance.pieces()
    pcm = [await anext(sound)]
    assert utterance.characters == len(first)
    pcm += [piece async for piece in sound]
    utterance.close()
    manager.thread.close()
    samples = np.frombuffer(b"".join(piece for piece in pcm if isinstance(piece, bytes)), "<i2").astype(
        np.float32
    ) / np.float32(32768)
    language = "en" if voice == "af_heart" else "es"
    heard = ears.write_down(samples, language)
    assert judge([text], heard, language).errors <= 2, heard
