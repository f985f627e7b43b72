"""Three releases in one server over Wyoming, one a folder of data; in memory, after idle, and as the default."""

from __future__ import annotations

import asyncio
import gc
import math
import weakref
from collections.abc import AsyncIterator, Iterator

import jiwer
import psutil
import pytest
import torch
from wyoming.tts import SynthesizeVoice

from kokoro_wyoming import releases
from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.described import DescribedRelease
from kokoro_wyoming.cli import main
from kokoro_wyoming.engine import calibration
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.network import inference, learning, streaming
from kokoro_wyoming.network.memory import return_memory
from tests.conftest import RunningServer
from tests.listening import Ears, ask, client_of, say, words
from tests.stand_ins import german_release
from tests.stand_ins.old_release import lay_out
from tests.test_two_releases import ORDER, _info, _select

pytestmark = [pytest.mark.weights, pytest.mark.long]

GERMAN = "Kokoro German"
TEXT = "Guten Morgen, der Kaffee ist fertig und das Fenster in der Küche steht offen."


@pytest.fixture(scope="module")
def three(model_data: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = lay_out(model_data, tmp_path_factory.mktemp("three"))
    german_release.lay_out(model_data, store)
    yield store
    releases.forget_found()


@pytest.fixture
async def manager(three: Store) -> AsyncIterator[ModelManager]:
    made = ModelManager(three.models, three.voices, release_idle_seconds=0.3)
    yield made
    made.thread.close(5)


async def test_it_is_loaded_by_its_name_and_speaks_as_its_g2p_reads(manager: ModelManager, ears: Ears) -> None:
    model = await manager.get_model("german")
    assert isinstance(model, DescribedRelease)
    (piece,) = model.read("Guten Morgen, ich höre dich.", "de")
    assert piece.phonemes == "ɡˈuːtən mˈɔɾɡən, ɪç hˈøːrə dˈɪç."
    sound = [part async for part in model.forward(TEXT, "df_anna+dm_karl", "de-DE")]
    heard = words(ears.write_down(torch.cat(sound).numpy(), "de"))
    print("heard:", heard)
    assert jiwer.wer(words(TEXT), heard) < 0.6  # v1.0's network never learned German


async def test_memory_with_one_two_and_three_and_after_idle(manager: ModelManager) -> None:
    def megabytes() -> int:
        return round(psutil.Process().memory_info().rss / 1e6)

    await manager.get_model("v1.0")
    return_memory()
    used = [megabytes()]
    async with manager.in_use("v0.19") as old:
        used.append(megabytes())
        async with manager.in_use("german") as german:
            used.append(megabytes())
            gone = [weakref.ref(old), weakref.ref(german)]
    del old, german
    for _ in range(300):
        gc.collect()
        if not any(one() for one in gone):
            break
        await asyncio.sleep(0.1)
    assert not any(one() for one in gone)
    assert manager._tidying is not None
    await manager._tidying
    return_memory()
    used.append(megabytes())
    print("resident MB with one, two, three, and one after idle:", used)
    assert manager.loaded() == ("v1.0",)
    assert used[2] > used[1] + 150 > used[0] + 300
    assert used[3] - used[0] < 0.4 * (used[2] - used[0])
    async with manager.in_use("german") as again:
        assert again.initialize()


@pytest.fixture(scope="module")
def server_of_three(three: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = tmp_path_factory.mktemp("settings") / "my.yaml"
    settings.write_text(
        "voices: {Oma: german/df_anna@0.9}\nspeech: {voices: {de: german/dm_karl}}\n"
        "model: {release_idle_seconds: 3, calibrate: never}\n"
    )
    folders = (f"--models={three.models}", f"--voices-folder={three.voices}")
    running = RunningServer("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", f"--config={settings}", *folders)
    yield running.wait_until_ready()
    assert running.end() == 0, "".join(running.log)
    assert "Traceback" not in "".join(running.log)
    assert "Kokoro german was idle and has left the memory" in "".join(running.log)


async def test_info_has_three_programs(server_of_three: str) -> None:
    first, *others = (await _info(server_of_three)).tts
    assert [first.name, *(other.name for other in others)] == ["Kokoro", "Kokoro v0.19", GERMAN]
    german = others[1]
    assert german.description == "Kokoro German 0.3 (custom weights; CC BY 4.0)"
    assert german.attribution.name == "A stand-in"
    assert {voice.name: voice.description for voice in german.voices} == {
        "df_anna": "* Anna (German, female)",
        "dm_karl": "Karl (German, male)",
        "Oma": "Oma (German)",
    }
    names = {voice.name: voice for voice in first.voices}
    assert {"af_heart", "v0.19/af_bella", "german/df_anna", "german/dm_karl", "Oma"} <= set(names)
    assert names["german/df_anna"].description == "* Anna german (German, female)"
    assert names["german/df_anna"].attribution.name == "A stand-in"
    assert names["af_heart"].attribution.name == "hexgrad"


async def test_all_three_speak_side_by_side(server_of_three: str, ears: Ears) -> None:
    async def as_program(program: str, text: str, voice: str | None = None) -> None:
        async with client_of(server_of_three) as client:
            await _select(client, program)
            heard = await ask(client, text, SynthesizeVoice(name=voice) if voice else None)
            assert heard.order[:3] == ORDER, (program, heard.events)

    await asyncio.gather(
        as_program("Kokoro", "Good morning."),
        as_program("Kokoro v0.19", "Good morning.", "bf_emma"),
        as_program(GERMAN, "Guten Morgen."),
        as_program(GERMAN, "Guten Morgen.", "df_anna(2)+dm_karl@1.2"),
    )
    for name in ("german/df_anna", "german/df_anna+dm_karl", "Oma"):
        assert (await say(server_of_three, "Guten Morgen.", name=name)).order[:3] == ORDER, name
    assert (await say(server_of_three, "Guten Morgen.", language="de-AT")).order[:3] == ORDER
    wrong = await say(server_of_three, "Hallo.", name="german/af_heart")
    assert wrong.types == ["error"]
    assert "v1.0/af_heart" in wrong.events[0].data["text"]


async def test_it_leaves_the_memory_and_comes_back(server_of_three: str) -> None:
    await asyncio.sleep(4)
    assert (await say(server_of_three, "Guten Morgen.", name="german/dm_karl")).order[:3] == ORDER
    await asyncio.sleep(4)


async def test_it_may_be_the_default_and_then_speaks_where_nobody_names_a_language(three: Store) -> None:
    folders = (f"--models={three.models}", f"--voices-folder={three.voices}")
    running = RunningServer("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", "--model-version=german", *folders)
    uri = running.wait_until_ready()
    first, *others = (await _info(uri)).tts
    assert (first.name, len(others)) == (GERMAN, 2)
    assert {"df_anna", "v1.0/af_heart"} <= {voice.name for voice in first.voices}
    assert (await say(uri, "Guten Morgen.")).order[:3] == ORDER
    assert (await say(uri, "Hola.", language="es")).order[:3] == ORDER  # lent by v1.0
    assert running.end() == 0
    assert "older release" not in "".join(running.log)


async def test_it_learns_its_own_sound_with_texts_of_its_language_and_then_speaks_in_windows(
    three: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibration, "UTTERANCES", 4)
    for module in (calibration, inference, learning):
        monkeypatch.setattr(module, "ENOUGH_UTTERANCES", 4)
    monkeypatch.setattr(streaming, "MAX_DOUBT", math.inf)  # so few leave it in doubt of nearly everything
    check = ["check", "--no-hashes", f"--models={three.models}", f"--voices-folder={three.voices}"]
    manager = ModelManager(three.models, three.voices, device="cpu", calibrates=True)

    async def pieces() -> int:
        model = await manager.get_model("german")
        return len([piece async for piece in model.forward(TEXT, "df_anna", "de")])

    assert await pieces() == 1
    model = await manager.get_model("german")
    assert set(model.rehearsal) == {"d"}
    assert len(model.rehearsal["d"]) >= 8
    assert "ɡˈuːtən mˈɔɾɡən" in model.rehearsal["d"][1]
    await asyncio.to_thread(main, check)
    assert "german sound" in (told := capsys.readouterr().out)
    assert "in whole sentences, until it has learned from 4 utterances while nobody waits" in told
    await manager._calibrating["german"]
    assert await pieces() > 2
    await asyncio.to_thread(main, check)
    assert "in windows, as learned from 4 utterances" in capsys.readouterr().out
    manager.thread.close(5)
