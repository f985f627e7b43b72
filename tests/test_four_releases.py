"""One server with four releases over both faces: programs, names, memory, and folders that come, change and go.

v0.19 and v1.1-zh are stand-ins where they are not installed, and the German one always is: all have v1.0's tensors.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from wyoming.info import Info
from wyoming.tts import SynthesizeVoice

from kokoro_wyoming import releases
from kokoro_wyoming.assets import Store
from tests.conftest import RunningServer
from tests.listening import Heard, ask, client_of, say
from tests.stand_ins import chinese_release, german_release, old_release
from tests.test_two_releases import ORDER, _info, _select

pytestmark = [pytest.mark.weights, pytest.mark.long]

SPOKEN = {
    "Kokoro": ("Good morning.", "af_heart"),
    "Kokoro v0.19": ("Good morning.", "bf_emma"),
    "Kokoro v1.1-zh": ("Good morning.", "af_maple"),
    "Kokoro German": ("Guten Morgen.", "df_anna"),
}
IDLE_SECONDS = 4
WAIT_SECONDS = 120


@dataclass
class House:
    running: RunningServer
    store: Store
    uri: str

    @property
    def megabytes(self) -> int:
        return round(psutil.Process(self.running.process.pid).memory_info().rss / 1e6)

    def count(self, line: str) -> int:
        return "".join(self.running.log).count(line)

    def get(self, path: str) -> Any:
        address = "".join(self.running.log).partition("hear them at ")[2].split()[0]
        with urllib.request.urlopen(address + path, timeout=30) as answer:
            return json.load(answer)

    async def names(self) -> list[str]:
        return [program.name for program in (await _info(self.uri)).tts]

    async def as_program(self, program: str, text: str, voice: str | None = None) -> Heard:
        async with client_of(self.uri) as client:
            await _select(client, program)
            return await ask(client, text, SynthesizeVoice(name=voice) if voice else None)


@pytest.fixture(scope="module")
def house(model_data: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    store = old_release.lay_out(model_data, tmp_path_factory.mktemp("four"))
    for chinese in (store.models / "v1_1_zh", store.voices / "v1_1_zh"):
        shutil.rmtree(chinese, ignore_errors=True)
    chinese_release.lay_out(model_data, store)
    german_release.lay_out(model_data, store)
    settings = tmp_path_factory.mktemp("settings") / "my.yaml"
    settings.write_text(f"model: {{release_idle_seconds: {IDLE_SECONDS}, calibrate: never}}\n")
    running = RunningServer(
        *("--uri=tcp://127.0.0.1:0", "--http-uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline"),
        *(f"--config={settings}", f"--models={store.models}", f"--voices-folder={store.voices}"),
    )
    yield House(running, store, running.wait_until_ready())
    assert running.end() == 0, "".join(running.log)
    assert "Traceback" not in "".join(running.log)
    releases.forget_found()


def _until(is_so: Callable[[], bool], house: House) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < end, "".join(house.running.log)
        time.sleep(0.1)


async def _until_offered(house: House, names: set[str]) -> None:
    for _ in range(10 * WAIT_SECONDS):
        if set(offered := await house.names()) == names:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(offered)


async def test_each_is_a_program_and_a_model_with_texts_of_its_own(house: House) -> None:
    info: Info = await _info(house.uri)
    assert {program.name for program in info.tts} == set(SPOKEN)
    for program in info.tts:
        assert SPOKEN[program.name][1] in {voice.name for voice in program.voices}
    models = {model["release"]: model for model in house.get("v1/models")["data"]}
    assert {model["id"] for model in models.values()} == {name.lower().replace(" ", "-") for name in SPOKEN}
    assert models["german"]["texts"] == {"de-DE": ["Alles ist bereit."]}
    assert set(models["v1.1-zh"]["texts"]) == {"zh-CN", "en-US", "en-GB"}
    listed = {voice["id"]: voice for voice in house.get("v1/audio/voices")["voices"]}
    assert listed["german/df_anna"]["release"] == "german"
    best = {voice["language"]: voice["id"] for voice in listed.values() if voice["best"]}
    assert (best["de-DE"], best["en-US"]) == ("german/df_anna", "af_heart")
    assert {"af_heart", "v0.19/bf_emma", "v1.1-zh/zf_001"} <= set(listed)


async def test_each_speaks_and_what_was_idle_leaves_the_memory(house: House) -> None:
    used = [house.megabytes]
    for program, (text, voice) in SPOKEN.items():
        heard = await house.as_program(program, text, voice)
        assert heard.order[:3] == ORDER, (program, heard.events)
        used.append(house.megabytes)
    _until(lambda: house.count("was idle and has left the memory") >= 3, house)
    _until(lambda: house.megabytes < max(used) - 200, house)
    print("resident MB at the start, after one to four spoke, and after idle:", *used, house.megabytes)
    assert max(used) > used[0] + 300


@pytest.mark.parametrize(
    ("program", "voice", "told"),
    [
        ("Kokoro German", "af_heart", "v1.0/af_heart"),
        ("Kokoro v0.19", "df_anna", "german/df_anna"),
        ("Kokoro", "zf_001", "v1.1-zh/zf_001"),
        ("Kokoro v1.1-zh", "german/af_maple", "v1.1-zh/af_maple"),
        ("Kokoro", "german/df_anna+v0.19/bf_emma", ""),
    ],
)
async def test_a_voice_of_another_release_is_refused_and_its_own_name_told(
    house: House, program: str, voice: str, told: str
) -> None:
    heard = await house.as_program(program, "Hello.", voice)
    assert heard.types == ["error"]
    assert told in heard.events[0].data["text"]


async def test_a_folder_comes_is_damaged_changes_and_goes_while_the_others_speak(house: House) -> None:
    models, voices = house.store.models / "dutch", house.store.voices / "dutch"
    shutil.copytree(house.store.models / "german", models, symlinks=True)
    shutil.copytree(house.store.voices / "german", voices, symlinks=True)
    file = models / "release.yaml"
    description = german_release.RELEASE.replace("Kokoro German", "Kokoro Dutch").replace("de-DE", "nl-NL")
    description = description.replace("espeak:de", "espeak:nl").replace("Alles ist bereit.", "Alles is klaar.")
    file.write_text(description, encoding="utf-8")
    await _until_offered(house, {*SPOKEN, "Kokoro Dutch"})
    assert (await say(house.uri, "Goedemorgen.", language="nl-BE")).order[:3] == ORDER

    file.write_text(description.replace("languages", "lnguages"), encoding="utf-8")
    _until(lambda: house.count("did you mean `languages`?") == 1, house)
    assert (await say(house.uri, "Goedemorgen.", name="dutch/df_anna")).order[:3] == ORDER

    flemish = '\n  fy-NL: {g2p: "espeak:nl", letter: f, texts: Moarn.}\n'
    file.write_text(description.rstrip() + flemish, encoding="utf-8")
    (voices / "fm_jan.pt").symlink_to(house.store.voices / "german" / "dm_karl.pt")
    _until(lambda: "dutch/fm_jan" in {voice["id"] for voice in house.get("v1/audio/voices")["voices"]}, house)
    heard = await say(house.uri, "Moarn.", name="dutch/fm_jan")
    assert heard.order[:3] == ORDER, heard.events  # by the description as it is now, loaded or not

    (models / "german.pth").unlink()
    (models / "german.pth").write_bytes(b"PK\5\6" + bytes(18))
    _until(lambda: house.count("Kokoro dutch was idle and has left the memory") >= 1, house)
    heard = await say(house.uri, "Goedemorgen.", name="dutch/df_anna")
    assert heard.types == ["error"]
    assert "german.pth" in heard.events[0].data["text"] or "model" in heard.events[0].data["text"].lower()
    assert (await say(house.uri, "Guten Morgen.", name="german/df_anna")).order[:3] == ORDER

    shutil.rmtree(models)
    await _until_offered(house, set(SPOKEN))
    heard = await say(house.uri, "Goedemorgen.", name="dutch/df_anna")
    assert heard.types == ["error"]
    assert (await say(house.uri, "Good morning.")).order[:3] == ORDER
