"""The page in real browsers, with the real server: what is heard, seen, downloaded and asked for."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import soundfile

from kokoro_wyoming.assets import Store
from kokoro_wyoming.speakers.chime import gentle
from tests.conftest import CHECKOUT, RunningServer
from tests.protocols.http.browsers import CHROMIUM, FIREFOX, PULSEAUDIO, Browser, Chromium, chromium, firefox
from tests.speakers.announcing import KOKORO
from tests.stand_ins import german_release
from tests.stand_ins.prefix_proxy import FRAME, prefix_proxy
from tests.stand_ins.snd import snd_service

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

AXE = "axe-core@4.14.1"
INGRESS = "/api/hassio_ingress/m4Y9sWjv0bW3GJq1vCz0aZ8h2uF5tXkQ/"
FRONT_DOOR = "The front door is open. Shall I close it now?"
PLAYED = "document.getElementById('stop').disabled && !document.getElementById('again').disabled"
NUMBERS = "({...document.getElementById('sound').dataset})"
LIT = "document.querySelector('.word[aria-current]')?.textContent"
SPEAKERS = {
    "speakers": [{"name": "Kitchen", "kind": "mpd"}, {"name": "Hall", "kind": "cast"}],
    "groups": [{"name": "everywhere", "speakers": ["Kitchen", "Hall"]}],
    "chime": True,
}
WORDS_LIT = f"""new Promise(resolve => {{
    const words = [];
    const look = () => {{
        const word = {LIT};
        if (word && word !== words.at(-1)) words.push(word);
        if ({PLAYED}) resolve(words); else setTimeout(look, 10);
    }};
    look();
}})"""
"""Waits until all is played; the words that were lit until then."""


@pytest.fixture(scope="module")
def page(model_data: Store) -> Iterator[str]:
    """The address of the page of a real server."""
    with serving(model_data) as address:
        yield address


@contextlib.contextmanager
def serving(data: Store, *more: str) -> Iterator[str]:
    """A real server with more arguments; the address of its page."""
    running = RunningServer(
        *("--uri=tcp://127.0.0.1:0", "--http-uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline"),
        *(f"--models={data.models}", f"--voices-folder={data.voices}", *more),
    )
    try:
        yield f"{running.http_address()}/"
    finally:
        status = running.end()
    assert status == 0, "".join(running.log)
    assert "Traceback" not in "".join(running.log)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["chromium", "firefox"])
async def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Each browser that is installed."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "chromium":
        if CHROMIUM is None:
            pytest.skip("the page in Chromium is not tested: it is not here; Debian has it")
        async with chromium() as window:
            yield window
    else:
        if FIREFOX is None:
            pytest.skip("the page in Firefox is not tested: it is not here; Debian has it")
        if PULSEAUDIO is None:
            pytest.skip("the page in Firefox is not tested: without a sound card it needs PulseAudio")
        async with firefox(folder) as window:
            yield window


@pytest_asyncio.fixture(loop_scope="module")
async def window(browser: Browser, page: str) -> AsyncIterator[Browser]:
    """A browser that shows the page anew, and its voices. Scripts with errors fail the test."""
    browser.requests.clear()
    browser.complaints.clear()
    await show(browser, page)
    yield browser
    assert browser.complaints == []


@pytest_asyncio.fixture(loop_scope="module")
async def chromium_window(page: str) -> AsyncIterator[Chromium]:
    """A Chromium that shows the page, for what one browser is enough for."""
    if CHROMIUM is None:
        pytest.skip("colours and small screens are not tested: no Chromium")
    async with chromium() as window:
        await show(window, page)
        yield window


async def show(browser: Browser, address: str) -> None:
    await browser.open(address)
    await browser.until("document.querySelectorAll('.voice-list li').length > 50")


async def numbers(browser: Browser) -> dict[str, float]:
    """What the page's own graph did: seconds scheduled, peak of what came out, gaps."""
    return {name: float(value) for name, value in (await browser.run(NUMBERS)).items()}


async def heard(browser: Browser) -> dict[str, float]:
    """Wait until the sound has been played to its end."""
    await browser.until(PLAYED)
    return await numbers(browser)


async def test_a_text_is_heard_and_its_words_are_lit(window: Browser) -> None:
    await window.fill("#text", FRONT_DOOR)
    await window.click("#play")
    await window.until(LIT)
    lit = await window.run(WORDS_LIT)
    played = await numbers(window)
    assert 1.5 < played["scheduled"] < 6
    assert 0.05 < played["peak"] <= 1
    assert [word for word in re.findall(r"\w+", FRONT_DOOR) if word in lit] == lit
    assert len(lit) >= 5
    assert await window.run("document.getElementById('words').textContent") == FRONT_DOOR


async def test_stop_is_silence_and_what_came_is_heard_again_without_asking(window: Browser) -> None:
    await window.fill("#text", f"{FRONT_DOOR} " * 12)
    await window.click("#play")
    await window.until(LIT)
    await window.click("#stop")
    await window.until(PLAYED)
    assert await window.run(LIT) is None
    asked = len([address for address in window.requests if "metrics" not in address])
    await window.click("#again")
    await window.until(LIT)
    await window.press("Escape")
    await window.until(PLAYED)
    assert len([address for address in window.requests if "metrics" not in address]) == asked


async def test_a_word_or_a_place_in_the_picture_is_sought(window: Browser) -> None:
    await window.fill("#text", FRONT_DOOR)
    await window.click("#play")
    await heard(window)
    await window.run("[...document.querySelectorAll('.word')].find(word => word.textContent === 'close').id = 'target'")
    await window.click("#target")
    assert await window.until(LIT) in ("close", "it", "now")
    await window.press("Escape")
    await window.until(PLAYED)
    await window.click("#seek", at=0.1)
    assert await window.until(LIT) in ("The", "front", "door")
    await window.press("Escape")


async def test_sliders_and_the_written_form_of_a_blend_move_each_other(window: Browser) -> None:
    await window.fill("#written", "af_heart(3)+am_michael@0.9")
    values = "[...document.querySelectorAll('.part select, .part input, #speed')].map(({value}) => value)"
    assert await window.run(values) == ["af_heart", "3", "am_michael", "1", "0.9"]
    shares = "[...document.querySelectorAll('.part output')].map(({textContent}) => textContent)"
    assert await window.run(shares) == ["75 %", "25 %"]
    await window.run("document.getElementById('text').focus()")
    await window.fill(".part:last-child input", "0.5")
    await window.click("#mix-in")
    written = await window.run("document.getElementById('written').value")
    assert re.fullmatch(r"af_heart\(3\)\+am_michael\(0\.5\)\+a\w+@0\.9", written)
    assert written in await window.run("document.getElementById('use-home-assistant').textContent")
    await window.fill("#written", "af_heart(")
    assert await window.run("document.getElementById('written').getAttribute('aria-invalid')") == "true"
    await window.fill("#written", "af_heart+am_michael")
    await window.fill("#text", "This is a blend.")
    await window.click("#play")
    assert (await heard(window))["peak"] > 0.05


async def test_phonemes_are_corrected_heard_and_written_for_the_settings(window: Browser) -> None:
    await window.fill("#text", "Siobhan is at the door.")
    await window.click("#read")
    await window.until("document.querySelectorAll('#phonemes input').length === 5")
    words = await window.run("[...document.querySelectorAll('#phonemes span')].map(({textContent}) => textContent)")
    assert words == ["Siobhan", "is", "at", "the", "door"]
    await window.fill("#phonemes label:first-child input", "ʃˈʌvɔn")
    lines = await window.run("document.getElementById('lexicon-text').textContent")
    assert lines == 'lexicon:\n  en-US:\n    "Siobhan": "/ʃˈʌvɔn/"\n'
    await window.click("#hear-corrected")
    assert await window.until(LIT) in ("Siobhan", "is")
    assert (await heard(window))["peak"] > 0.05
    assert await window.run("document.getElementById('words').textContent") == "Siobhan is at the door."


async def test_what_is_typed_is_spoken_while_it_is_typed(window: Browser) -> None:
    await window.click("#live-text")
    await window.type("I am looking. ")
    await window.until("document.querySelectorAll('.word').length >= 3")
    assert await window.run("document.getElementById('live-end').disabled") is False
    await window.type("Here it is")
    await window.press("Enter")
    assert (await heard(window))["peak"] > 0.05
    assert await window.run("document.getElementById('words').textContent") == "I am looking. Here it is"
    assert await window.run("document.getElementById('live-text').value") == ""


async def test_a_sample_of_a_voice_is_one_click(window: Browser) -> None:
    await window.fill("#search", "siwis")
    await window.click(".voice-list li:not([hidden]) button")
    assert (await heard(window))["peak"] > 0.05
    assert await window.run("document.getElementById('words').lang") == "fr-FR"
    assert await window.run("document.getElementById('voice-count').textContent") == "1 of 54 voices"


async def test_favourites_are_kept(chromium_window: Chromium, page: str) -> None:
    await chromium_window.fill("#search", "siwis")
    await chromium_window.click(".voice-list li:not([hidden]) .favourite")
    await show(chromium_window, page)
    await chromium_window.click("#favourites")
    shown = "[...document.querySelectorAll('.voice-list li:not([hidden]) code')].map(({textContent}) => textContent)"
    assert await chromium_window.run(shown) == ["ff_siwis"]


async def test_failures_are_told(window: Browser) -> None:
    await window.fill("#written", "af_nobody")
    await window.click("#play")
    assert "af_nobody" in await window.until("document.getElementById('message').textContent")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}, "json": {}}, "The server is busy. Try again in 7 s."),
        ({"status": 400, "json": {"error": {"message": "Too long."}}}, "Too long."),
        (None, "The server does not answer."),
    ],
    ids=["busy", "bad text", "away"],
)
async def test_what_the_server_refuses_is_told(
    chromium_window: Chromium, answer: dict[str, Any] | None, told: str
) -> None:
    async def refuse(route: Any) -> None:
        await (route.abort() if answer is None else route.fulfill(**answer))

    await chromium_window.page.route("**/v1/audio/speech", refuse)
    await chromium_window.click("#download")
    await chromium_window.until(f"document.querySelector('#message.error')?.textContent.startsWith('{told}')")


async def test_a_key_is_asked_for_once(chromium_window: Chromium, model_data: Store, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("http: {api_key: house-key}")
    with serving(model_data, f"--config={settings}") as address:
        await chromium_window.open(address)
        await chromium_window.until("!document.getElementById('key-form').hidden")
        await chromium_window.click("#key")
        await chromium_window.type("house-key")
        await chromium_window.press("Enter")
        await chromium_window.until("document.querySelectorAll('.voice-list li').length > 50")
        await chromium_window.click("#play")
        assert (await heard(chromium_window))["peak"] > 0.05
        await show(chromium_window, address)
        assert await chromium_window.run("document.getElementById('key-form').hidden")


async def test_a_release_of_others_has_the_sample_and_the_examples_that_it_brings(
    chromium_window: Chromium, model_data: Store, tmp_path: Path
) -> None:
    store = Store(tmp_path / "models", tmp_path / "voices")
    for ours, theirs in ((store.models, model_data.models), (store.voices, model_data.voices)):
        ours.mkdir()
        (ours / "v1_0").symlink_to(theirs / "v1_0")
    german_release.lay_out(model_data, store, german_release.RELEASE.replace("df_anna,", "dm_karl,"))
    with serving(store) as address:
        await show(chromium_window, address)
        await chromium_window.fill("#search", "anna")
        await chromium_window.click(".voice-list li:not([hidden]) button")
        assert (await heard(chromium_window))["peak"] > 0.05
        assert await chromium_window.run("document.getElementById('words').lang") == "de-DE"
        assert await chromium_window.run("document.getElementById('words').textContent") == "Alles ist bereit."
        await chromium_window.run(
            "(list => { list.value = 'de-DE'; list.dispatchEvent(new Event('change')); })"
            "(document.getElementById('example-language'))"
        )
        await chromium_window.click("#examples button")
        assert await chromium_window.run("document.getElementById('text').value") == "Alles ist bereit."
        assert await chromium_window.run("document.getElementById('written').value") == "german/dm_karl"


async def test_a_text_is_announced_on_the_speakers_that_are_ticked(
    browser: Browser, model_data: Store, tmp_path: Path
) -> None:
    labels = "[...document.querySelectorAll('#announce-speakers label')].map(({textContent}) => textContent)"
    report = "[...document.querySelectorAll('#announce-report li')].map(({textContent}) => textContent).join('; ')"
    away = "Away: nobody answers there (connection refused)"
    settings = tmp_path / "settings.yaml"
    async with snd_service() as kitchen, snd_service() as hall:
        rooms = f"Kitchen: '{kitchen.uri}', Hall: '{hall.uri}', Away: 'tcp://127.0.0.1:1', all: [Hall, Away]"
        settings.write_text(f"speakers: {{{rooms}}}\nannouncements: {{chime: gentle}}\n")
        with serving(model_data, f"--config={settings}") as address:
            await show(browser, address)
            await browser.until("!document.getElementById('announce').hidden")
            assert await browser.run(labels) == ["Kitchen", "Hall", "Away", "all (Hall, Away)"]
            await browser.fill("#text", "Dinner is ready.")
            await browser.click("#announce-send")
            assert await browser.until("document.getElementById('message').textContent") == "Tick a speaker first."
            await browser.click("#announce-speakers [value=Kitchen]")
            await browser.click("#announce-speakers [value=all]")
            await browser.click("#announce-send")
            told = (await browser.until(report)).split("; ")
            assert told[2] == away
            assert [re.sub(r"[\d.]+", "#", line) for line in told[:2]] == ["Kitchen: played # s", "Hall: played # s"]
            assert kitchen.pcm == hall.pcm
            assert kitchen.pcm.startswith(gentle().as_pcm(KOKORO))
            for name in ("Kitchen", "all", "Away"):
                await browser.click(f"#announce-speakers [value={name}]")
            await browser.click("#announce-send")
            assert await browser.until(f"({report}).startsWith('Away') && {report}") == away
            await browser.open("about:blank")
    browser.complaints.clear()  # Chromium's, of the answer 502


async def test_where_the_settings_name_no_speaker_there_is_nothing_to_announce_on(window: Browser) -> None:
    assert await window.run("document.getElementById('announce').hidden")


async def test_all_that_is_asked_for_is_the_servers_own(window: Browser, page: str) -> None:
    await window.fill("#text", "Good night.")
    await window.click("#play")
    await heard(window)
    assert {urlsplit(address).netloc for address in window.requests} == {urlsplit(page).netloc}


async def test_the_page_works_by_keyboard_alone(window: Browser) -> None:
    focused = "document.activeElement.id"
    for _ in range(20):
        await window.press("Tab")
        if await window.run(focused) == "text":
            break
    await window.press("Control", "a")
    await window.type(FRONT_DOOR)
    await window.press("Control", "Enter")
    assert await window.until(LIT)
    await heard(window)
    for _ in range(20):
        await window.press("Tab")
        if await window.run("document.activeElement.className") == "word":
            break
    await window.press("ArrowRight")
    await window.press("ArrowRight")
    await window.press("Enter")
    assert await window.until(LIT) in ("door", "is", "open")
    await window.press("Escape")


@pytest.mark.parametrize("sockets", [True, False], ids=["sockets", "no sockets"])
async def test_under_a_prefix_with_and_without_sockets(window: Browser, page: str, sockets: bool) -> None:
    async with prefix_proxy(page, "/voice/", sockets=sockets) as proxy:
        await show(window, f"{proxy}/voice/")
        await window.fill("#text", FRONT_DOOR)
        await window.click("#play")
        assert await window.until(LIT)
        assert (await heard(window))["peak"] > 0.05
        assert f"curl {proxy}/voice/v1/audio/speech" in await window.run(
            "document.getElementById('use-curl').textContent"
        )
        assert all("/voice/" in address for address in window.requests if urlsplit(proxy).netloc in address)
        if not sockets:  # Browsers complain of a refused one.
            window.complaints.clear()
        await window.open(page)


async def test_in_the_frame_of_home_assistant(chromium_window: Chromium, page: str) -> None:
    async with prefix_proxy(page, INGRESS) as proxy:
        await chromium_window.open(f"{proxy}{FRAME}")
        frame = chromium_window.page.frame_locator("iframe")
        await frame.locator(".voice-list li").first.wait_for()
        await frame.locator("#play").click()
        await frame.locator(".word[aria-current]").wait_for()
        assert "http://127.0.0.1:8880/v1" in await frame.locator("#use-curl").inner_text()
        assert chromium_window.complaints == []
        await chromium_window.open(page)  # which asks the proxy for nothing any more


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav", "pcm"])
async def test_the_sound_is_a_file_of_any_format(chromium_window: Chromium, kind: str, tmp_path: Path) -> None:
    await chromium_window.fill("#text", FRONT_DOOR)
    await chromium_window.page.select_option("#format", kind)
    async with chromium_window.page.expect_download() as coming:
        await chromium_window.click("#download")
    file = await coming.value
    ending = {"opus": "ogg"}.get(kind, kind)
    assert file.suggested_filename == f"af_heart-The-front-door-is-open-Shall-I-close-it.{ending}"
    path = tmp_path / file.suggested_filename
    await file.save_as(path)
    sound = path.read_bytes()
    seconds = len(sound) / 48000 if kind == "pcm" else soundfile.info(BytesIO(sound)).duration
    assert 1.5 < seconds < 6


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds accessibility faults; npm brings it once."""
    folder = CHECKOUT / ".cache" / "axe-core"
    script = folder / "package" / "axe.min.js"
    if not script.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("accessibility is not tested: no npm to fetch axe-core")
        folder.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True, text=True, timeout=120)
        if packed.returncode:
            pytest.skip("accessibility is not tested: axe-core could not be fetched")
        shutil.unpack_archive(folder / packed.stdout.split()[-1], folder, filter="data")
    return script.read_text()


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_keeps_people_out(chromium_window: Chromium, axe: str, scheme: str, width: int) -> None:
    page = chromium_window.page
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": width, "height": 800})
    await chromium_window.fill("#written", "af_heart(2)+am_michael")
    await chromium_window.click("#play")
    await chromium_window.until(LIT)
    await chromium_window.click("#read")
    await chromium_window.until("document.querySelector('#phonemes input')")
    await chromium_window.fill("#phonemes label:first-child input", "ðˈi")
    await chromium_window.run("document.getElementById('key-form').hidden = false")
    await chromium_window.page.route("**/announce/speakers", lambda route: route.fulfill(json=SPEAKERS))
    await chromium_window.run("import('./page/api.js').then(({ server }) => server.dispatchEvent(new Event('back')))")
    await chromium_window.until("!document.getElementById('announce').hidden")
    assert await chromium_window.run("document.documentElement.scrollWidth") <= width
    await chromium_window.run(f"{axe};0")
    found = await chromium_window.run("axe.run(document, {resultTypes: ['violations']})")
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []
