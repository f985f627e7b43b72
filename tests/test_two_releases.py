"""v0.19 beside v1.0 with real tensors: in one process, in one server, over Wyoming, heard by real ears."""

from __future__ import annotations

import asyncio
import shutil
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import jiwer
import psutil
import pytest
import torch
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice

from kokoro_wyoming.assets import Store
from kokoro_wyoming.builds.installed import installed_languages
from kokoro_wyoming.builds.v0_19 import CONFIG_PATH, KokoroV019Wrapper, build_model
from kokoro_wyoming.cli import main
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import ModelError, UnknownVersionError, UnknownVoiceError
from kokoro_wyoming.network.memory import return_memory
from kokoro_wyoming.text.sentences import Run
from tests.conftest import RunningServer
from tests.listening import Ears, Heard, ask, ask_streamed, client_of, hear, say, words
from tests.stand_ins.old_release import save_checkpoint

pytestmark = pytest.mark.weights

OLD, NEW = "Kokoro v0.19", "Kokoro"
TEXT = "Dinner will be ready in twenty minutes."
ORDER = ["audio-start", "audio-chunk", "audio-stop"]


# One process


@pytest.fixture
async def manager(both_releases: Store) -> AsyncIterator[ModelManager]:
    made = ModelManager(both_releases.models, both_releases.voices)
    yield made
    made.thread.close(5)


@pytest.fixture(scope="module")
def old(both_releases: Store) -> KokoroV019Wrapper:
    return KokoroV019Wrapper(CONFIG_PATH, both_releases.weights("v0.19"))


async def _forward(wrapper: KokoroV019Wrapper, text: str, voice: str, language: str = "en-US") -> torch.Tensor:
    torch.manual_seed(5)
    return torch.cat([piece async for piece in wrapper.forward(text, voice, language)])


async def test_build_model_speaks_behind_the_same_face(old: KokoroV019Wrapper, ears: Ears) -> None:
    for voice, language in (("af", "a"), ("bf_emma", "en-GB")):
        sound = await _forward(old, TEXT, voice, language)
        assert (sound.dtype, sound.dim()) == (torch.float32, 1)
        assert jiwer.wer(words(TEXT), words(ears.write_down(sound.numpy(), "en"))) < 0.25


async def test_every_published_layout_speaks_the_same(
    model_data: Store, both_releases: Store, old: KokoroV019Wrapper, tmp_path: Path
) -> None:
    expected = await _forward(old, "Good morning.", "af_bella")
    if not both_releases.weights("v0.19").is_symlink():  # made here, so that there is another layout to make
        # Computed in the same ways: others would differ in the last bits.
        shutil.copy(both_releases.weights("v0.19").with_name("tuning.json"), tmp_path)
        bare = save_checkpoint(model_data.weights("v1.0"), tmp_path / "bare.pth", prefix="")
        sound = await _forward(await build_model(bare, voices_path=old.packs.folder), "Good morning.", "af_bella")
        assert torch.equal(sound, expected)
        half = save_checkpoint(model_data.weights("v1.0"), tmp_path / "kokoro-v0_19-half.pth", half=True)
        sound = await _forward(await build_model(half, voices_path=old.packs.folder), "Good morning.", "af_bella")
        assert sound.dtype == torch.float32
        assert abs(len(sound) - len(expected)) < 0.1 * len(expected)


async def test_every_length_has_its_style_row_and_row_0_is_of_no_text(
    old: KokoroV019Wrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = torch.arange(511.0).reshape(511, 1, 1).expand(511, 1, 256)
    asked: list[tuple[int, float]] = []
    network = old.initialize()

    class Listening:
        max_tokens = network.max_tokens

        def pieces(self, ids: list[int], row: torch.Tensor, *_: object) -> Iterator[torch.Tensor]:
            asked.append((len(ids), float(row[0, 0])))
            yield torch.zeros(1)

    monkeypatch.setattr(old, "_network", Listening())
    for text in ("Hi", "a " * 120, "word " * 600, "ba" * 900):
        list(old.pieces([Run(text)], pack, "a"))
    assert len(asked) > 10
    assert all(tokens == row and 0 < tokens <= 510 for tokens, row in asked)


async def test_packs_never_cross(old: KokoroV019Wrapper, manager: ModelManager) -> None:
    new = await manager.get_model("v1.0")
    same = [wrapper.packs.get("af_bella") for wrapper in (old, new)]
    assert [len(pack) for pack in same] == [511, 510]
    with pytest.raises(UnknownVoiceError, match=r"af_heart.*v0\.19"):
        old.packs.get("af_heart")


async def test_both_are_loaded_once_whoever_asks_and_however_it_is_spelled(manager: ModelManager) -> None:
    spellings = (None, "v1.0", "0.19", "v0.19", "V0_19", "1.0", "kokoro-v0.19")
    models = await asyncio.gather(*(manager.get_model(spelling) for spelling in spellings))
    assert len({id(model) for model in models}) == 2
    assert manager.loaded() == ("v1.0", "v0.19")
    with pytest.raises(UnknownVersionError, match=r"v1\.0, v0\.19 or v1\.1-zh"):
        await manager.get_model("v0.20")


async def test_one_release_speaks_while_the_other_is_loading(manager: ModelManager) -> None:
    new = await manager.get_model()
    loading = asyncio.create_task(manager.get_model("v0.19"))
    async for piece in new.forward("One, two, three.", "af_heart", "a"):
        assert len(piece)
    assert (await loading).initialize()


async def test_a_release_that_is_not_installed_says_how_to_get_it(model_data: Store, tmp_path: Path) -> None:
    manager = ModelManager(tmp_path, model_data.voices)
    with pytest.raises(ModelError, match=r"not installed .*`kokoro-wyoming fetch --model-version v0\.19`"):
        await manager.get_model("v0.19")
    assert [catalogue.version for catalogue in manager.folders.catalogues()] == ["v1.0"]
    manager.thread.close(5)


def test_v0_19_speaks_two_languages() -> None:
    assert installed_languages("v0.19") == {"en-US": None, "en-GB": None}


async def test_an_idle_release_leaves_the_memory_and_comes_back(both_releases: Store) -> None:
    manager = ModelManager(both_releases.models, both_releases.voices, release_idle_seconds=0.3)
    return_memory()
    before = psutil.Process().memory_info().rss
    async with manager.in_use("v0.19") as model:
        await asyncio.sleep(0.6)
        gone = weakref.ref(model)
        assert manager.loaded() == ("v0.19",)  # in use, so not idle
        during = psutil.Process().memory_info().rss
        async for _ in model.forward("One.", "af", "a"):
            pass
    del model
    for _ in range(200):
        if not manager.loaded() and gone() is None:
            break
        await asyncio.sleep(0.1)
    assert gone() is None
    assert manager._tidying is not None
    await manager._tidying
    after = psutil.Process().memory_info().rss
    print(f"resident memory: {before / 1e6:.0f} MB before, {during / 1e6:.0f} MB loaded, {after / 1e6:.0f} MB after")
    assert during - before > 200e6
    assert after - before < 0.4 * (during - before)
    async with manager.in_use("v0.19") as again:
        assert again.initialize()
    manager.thread.close(5)


async def test_the_default_release_never_leaves(both_releases: Store) -> None:
    manager = ModelManager(both_releases.models, both_releases.voices, release_idle_seconds=0.05)
    async with manager.in_use() as model:
        pass
    await asyncio.sleep(0.3)
    assert await manager.get_model() is model
    manager.thread.close(5)


# One server


@pytest.fixture(scope="module")
def both(both_releases: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = tmp_path_factory.mktemp("settings") / "my.yaml"
    settings.write_text(
        'voices: {Kitchen: "af_heart(2)+af_sky@0.95", Opa: v0.19/bm_george}\n'
        "model: {release_idle_seconds: 2, calibrate: never}\n"
    )
    folders = (f"--models={both_releases.models}", f"--voices-folder={both_releases.voices}")
    running = RunningServer("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", f"--config={settings}", *folders)
    yield running.wait_until_ready()
    assert running.end() == 0, "".join(running.log)
    assert "Traceback" not in "".join(running.log)
    assert "v0.19 was idle and has left the memory" in "".join(running.log)


async def _info(uri: str) -> Info:
    async with client_of(uri) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        return Info.from_event(event)


async def _select(client: AsyncClient, program: str) -> None:
    await client.write_event(Event("select-program", {"name": program}))


async def _say_as(uri: str, program: str, text: str, voice: str | None = None) -> Heard:
    async with client_of(uri) as client:
        await _select(client, program)
        return await ask(client, text, SynthesizeVoice(name=voice) if voice else None)


async def test_info_has_two_programs_each_with_its_voices(both: str) -> None:
    first, second = (await _info(both)).tts
    assert (first.name, second.name) == (NEW, OLD)
    assert first.installed
    assert second.installed
    names = [voice.name for voice in first.voices]
    assert {"af_heart", "v0.19/af_bella", "v0.19/af", "Kitchen", "Opa"} <= set(names)
    assert len(set(names)) == len(names)
    assert len({voice.description for voice in first.voices}) == len(names)
    assert {voice.version for voice in second.voices} == {"v0.19"}
    assert {language for voice in second.voices for language in voice.languages} == {"en-US", "en-GB"}
    american = sorted(voice.description or "" for voice in first.voices if "en-US" in voice.languages)
    assert american[0] == "* Heart (American English, female)"


async def test_v0_19_is_understood_whole_and_streamed_for_the_life_of_a_connection(both: str, ears: Ears) -> None:
    async with client_of(both) as client:
        await _select(client, OLD)
        heard = [
            await ask(client, TEXT),
            await ask_streamed(client, [TEXT[:16], TEXT[16:]], SynthesizeVoice(name="bm_george")),
        ]
    for one in heard:
        assert one.order[:3] == ORDER
        assert jiwer.wer(words(TEXT), words(ears.write_down(one.samples, "en"))) < 0.25


async def test_numbers_money_and_times_are_read_as_people_say_them(both: str, ears: Ears) -> None:
    heard = words(ears.write_down((await _say_as(both, OLD, "In 1984 it cost $3.50.", "af_bella")).samples, "en"))
    assert "1984" in heard or "eighty four" in heard
    assert "dollar" in heard or "3 50" in heard


async def test_releases_alternate_and_speak_at_once(both: str, ears: Ears) -> None:
    async with client_of(both) as client:
        for program in (OLD, NEW, OLD, NEW):
            await _select(client, program)
            heard = await ask(client, "Yes.", SynthesizeVoice(name="af_bella"))
            assert heard.order == ORDER
    at_once = await asyncio.gather(*(_say_as(both, program, TEXT, "bf_emma") for program in (OLD, NEW)))
    for heard in at_once:
        assert jiwer.wer(words(TEXT), words(ears.write_down(heard.samples, "en"))) < 0.25


async def test_home_assistant_reaches_the_older_voices_blends_and_own_names_through_one_program(
    both: str, ears: Ears
) -> None:
    for name in ("af_heart(2)+am_michael", "Opa"):
        assert (await say(both, "Yes.", name=name)).order == ORDER, name
    for name in ("v0.19/af_bella+am_michael@1.2", "Kitchen"):
        heard = await say(both, TEXT, name=name)
        assert heard.order == ORDER, name
        assert jiwer.wer(words(TEXT), words(ears.write_down(heard.samples, "en"))) < 0.25, name
    slow, fast = [await say(both, "Good morning.", name=f"af_heart@{speed}") for speed in (0.6, 1.8)]
    assert slow.seconds > 1.4 * fast.seconds


@pytest.mark.parametrize(
    ("program", "voice", "code", "told"),
    [
        (None, "bm_nobody", "unknown-voice", "bm_nobody"),
        (None, "v2/af_heart", "unknown-program", "v1.0, v0.19 or v1.1-zh"),
        (None, "af_heart(2+af_sky", "unknown-voice", "at character 11"),
        (OLD, "af_heart", "unknown-voice", "v1.0/af_heart"),
        ("Piper", None, "unknown-program", "there is"),
    ],
)
async def test_a_wrong_choice_is_an_error_event(
    program: str | None, voice: str | None, code: str, told: str, both: str
) -> None:
    async with client_of(both) as client:
        if program:
            await _select(client, program)
        heard = await ask(client, "Hello.", SynthesizeVoice(name=voice) if voice else None)
    assert heard.types == ["error"]
    assert heard.events[0].data["code"] == code
    assert told in heard.events[0].data["text"]


async def test_say_speaks_with_both_programs(both: str, tmp_path: Path) -> None:
    for program in (OLD, NEW):
        out = tmp_path / f"{program}.wav"
        command = ["say", "Good morning.", f"--uri={both}", f"--program={program}", "--voice=af_bella", f"--out={out}"]
        assert await asyncio.to_thread(main, command) == 0
        assert out.stat().st_size > 20_000


async def test_a_voice_that_is_dropped_in_is_offered_and_speaks_and_one_of_the_other_release_is_refused(
    both: str, both_releases: Store
) -> None:
    folder = both_releases.voices_folder("v0.19")
    mine, wrong = folder / "am_mine.pt", folder / "af_wrong.pt"
    shutil.copyfile(folder / "am_michael.pt", mine)
    shutil.copyfile(both_releases.voices_folder("v1.0") / "af_heart.pt", wrong)
    try:
        for _ in range(100):
            _, second = (await _info(both)).tts
            if "am_mine" in (names := {voice.name for voice in second.voices}):
                break
            await asyncio.sleep(0.2)
        assert "am_mine" in names
        assert "af_wrong" not in names
        assert (await _say_as(both, OLD, "Hello.", "am_mine")).order == ORDER
    finally:
        mine.unlink()
        wrong.unlink()


async def test_the_idle_release_has_left_and_comes_back_while_others_are_spoken_to(both: str) -> None:
    await asyncio.sleep(2.5)
    async with client_of(both) as client:
        for program in (OLD, NEW, OLD):  # all asked before the first is loaded
            await _select(client, program)
            await client.write_event(Synthesize("Back again.", voice=SynthesizeVoice(name="af_bella")).event())
        assert (await say(both, "Yes.")).order == ORDER
        replies = [await hear(client, "audio-stop") for _ in range(3)]
    assert [heard.order for heard in replies] == [ORDER] * 3


async def test_v0_19_may_be_the_default(both_releases: Store) -> None:
    folders = (f"--models={both_releases.models}", f"--voices-folder={both_releases.voices}")
    running = RunningServer("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline", "--model-version=0.19", *folders)
    uri = running.wait_until_ready()
    first, second = (await _info(uri)).tts
    assert (first.name, second.name) == (OLD, NEW)
    assert {"af", "af_bella", "v1.0/af_heart", "v1.0/ef_dora"} <= {voice.name for voice in first.voices}
    assert (await say(uri, "Yes.")).order == ORDER
    assert (await say(uri, "Hola.", language="es")).order == ORDER  # lent by v1.0
    assert running.end() == 0
    assert "Kokoro v0.19 is the older release" in "".join(running.log)
