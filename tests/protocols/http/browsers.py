"""Real browsers for tests: Chromium by Playwright, Firefox by WebDriver BiDi, which it speaks itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.stand_ins.beep_house import until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
PULSEAUDIO = shutil.which("pulseaudio")
"""Firefox's Web Audio stands still where there is no sound card; PulseAudio has one that plays into nowhere."""

_FIRST = asyncio.FIRST_COMPLETED
_KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c", "Control": "\ue009", "ArrowRight": "\ue014"}
_KEYS |= {"ArrowLeft": "\ue012", "ArrowDown": "\ue015", "ArrowUp": "\ue013", " ": " "}

_STABLE = """new Promise(done => {{
    let last;
    const look = () => {{
        {place}.scrollIntoView({{block: 'center'}});
        const {{x, y}} = {place}.getBoundingClientRect();
        if (last === `${{x}} ${{y}}`) return done();
        last = `${{x}} ${{y}}`;
        setTimeout(look, 100);
    }};
    look();
}})"""
"""Scrolls to an element until it stands still: what is loaded above it moves it, and a click would miss it."""


class Browser(ABC):
    """One window."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        """The address of everything that was asked for, WebSockets too."""
        self.complaints: list[str] = []
        """Errors of the page's scripts."""

    @abstractmethod
    async def open(self, url: str) -> None:
        """Go to a page and wait until it has loaded."""

    @abstractmethod
    async def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is awaited."""

    @abstractmethod
    async def click(self, selector: str, *, at: float = 0.5) -> None:
        """Click an element, `at` a share of its width."""

    @abstractmethod
    async def press(self, *keys: str) -> None:
        """Press keys together, by their names: "Control", "Enter"."""

    @abstractmethod
    async def type(self, text: str) -> None:
        """Type where the focus is."""

    async def until(self, condition: str, seconds: float = 60) -> Any:
        """Wait until an expression is true; its value."""
        waiting = (
            f"new Promise(resolve => {{ const look = () => {{ const value = {condition};"
            "value ? resolve(value) : setTimeout(look, 20) }; look() })"
        )
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            return await asyncio.wait_for(self.run(waiting), seconds)
        state = await self.run("document.getElementById('message')?.textContent")
        raise AssertionError(f"never true: {condition}; the page says {state!r} and its scripts {self.complaints}")

    async def fill(self, selector: str, text: str) -> None:
        """Put a text into a field, as a paste does."""
        await self.run(
            f"(field => {{ field.focus(); field.value = {json.dumps(text)};"
            f"field.dispatchEvent(new InputEvent('input', {{bubbles: true}})) }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )


class Chromium(Browser):
    """By Playwright, with Debian's program."""

    def __init__(self, page: Any) -> None:
        super().__init__()
        self.page = page
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)

    def _note(self, line: Any) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    async def open(self, url: str) -> None:
        await self.page.goto(url)

    async def run(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def click(self, selector: str, *, at: float = 0.5) -> None:
        where = self.page.locator(selector).first
        await where.scroll_into_view_if_needed()
        box = await where.bounding_box()
        await where.click(position={"x": box["width"] * at, "y": box["height"] / 2})

    async def press(self, *keys: str) -> None:
        await self.page.keyboard.press("+".join("Space" if key == " " else key for key in keys))

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text)


class Firefox(Browser):
    """By WebDriver BiDi, without a driver program."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[Any]) -> None:
        super().__init__()
        self._socket = socket
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.ensure_future(self._read())
        self._window = ""

    async def start(self) -> None:
        """Begin a session with a new window. The first one has no focus, so its buttons take no key."""
        await self._command("session.new", capabilities={})
        events = ["network.beforeRequestSent", "log.entryAdded"]
        await self._command("session.subscribe", events=events)
        self._window = (await self._command("browsingContext.create", type="window"))["context"]

    async def open(self, url: str) -> None:
        await self._command("browsingContext.navigate", context=self._window, url=url, wait="complete")

    async def run(self, script: str) -> Any:
        """The value goes as JSON, as BiDi's own values are trees of types."""
        wrapped = f"(async () => JSON.stringify(await ({script}) ?? null))()"
        target = {"context": self._window}
        answer = await self._command("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        if answer["type"] == "exception":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def click(self, selector: str, *, at: float = 0.5) -> None:
        place = f"document.querySelector({json.dumps(selector)})"
        await self.run(_STABLE.format(place=place))
        width = await self.run(f"{place}.getBoundingClientRect().width")
        locator = {"type": "css", "value": selector}
        found = await self._command("browsingContext.locateNodes", context=self._window, locator=locator)
        element = {"type": "element", "element": {"sharedId": found["nodes"][0]["sharedId"]}}
        move = {"type": "pointerMove", "x": int(width * (at - 0.5)), "y": 0, "origin": element}
        steps = [move, {"type": "pointerDown", "button": 0}]
        await self._act({"type": "pointer", "id": "mouse", "actions": [*steps, {"type": "pointerUp", "button": 0}]})

    async def press(self, *keys: str) -> None:
        values = [_KEYS.get(key, key) for key in keys]
        down = [{"type": "keyDown", "value": value} for value in values]
        await self._keys([*down, *({"type": "keyUp", "value": value} for value in reversed(values))])

    async def type(self, text: str) -> None:
        await self._keys([{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")])

    async def close(self) -> None:
        """End the session."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading

    async def _keys(self, actions: list[dict[str, str]]) -> None:
        await self._act({"type": "key", "id": "keyboard", "actions": actions})

    async def _act(self, source: dict[str, Any]) -> None:
        await self._command("input.performActions", context=self._window, actions=[source])

    async def _command(self, method: str, **parameters: Any) -> Any:
        number = len(self._answers) + 1
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        done, _ = await asyncio.wait({self._answers[number], self._reading}, timeout=70, return_when=_FIRST)
        if self._answers[number] not in done:
            self._reading.cancel()  # what is asked from now on fails at once
            raise AssertionError(f"Firefox did not answer {method}")
        answer = self._answers[number].result()
        assert answer["type"] == "success", answer
        return answer["result"]

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if said["type"] == "event":
                self._note(said["method"], said["params"])
            elif said["id"] in self._answers and not self._answers[said["id"]].done():  # who asked may have gone
                self._answers[said["id"]].set_result(said)

    def _note(self, event: str, about: dict[str, Any]) -> None:
        if event == "network.beforeRequestSent":
            self.requests.append(about["request"]["url"])
        elif about["level"] == "error":
            self.complaints.append(about["text"])


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """A fresh Chromium."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Chromium(await browser.new_page())
        await browser.close()


@contextlib.asynccontextmanager
async def firefox(folder: Path) -> AsyncIterator[Firefox]:
    """A fresh Firefox with its profile in the folder."""
    profile = folder / "profile"
    profile.mkdir()
    async with nowhere_to_play(folder) as environment:
        process = await asyncio.create_subprocess_exec(
            *(str(FIREFOX), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
        )
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        reading = asyncio.ensure_future(_read_what_it_says(process, address))
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{await asyncio.wait_for(address, 60)}/session", max_msg_size=0) as ws,
            ):
                browser = Firefox(ws)
                await browser.start()
                yield browser
                await browser.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # one that hangs does not hear a request
            await reading


@contextlib.asynccontextmanager
async def nowhere_to_play(folder: Path) -> AsyncIterator[dict[str, str]]:
    """A sound card that plays into nowhere; the environment of programs that use it. Empty without PulseAudio."""
    if PULSEAUDIO is None:
        yield {}
        return
    socket = folder / "pulse"
    process = await asyncio.create_subprocess_exec(
        *(PULSEAUDIO, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error"),
        *("-L", "module-null-sink", "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PULSE_RUNTIME_PATH": str(folder)},
    )
    try:
        await until(lambda: socket.exists() or process.returncode is not None)
        yield {"PULSE_SERVER": f"unix:{socket}"}
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _read_what_it_says(process: asyncio.subprocess.Process, address: asyncio.Future[str]) -> None:
    """To the end, as a program whose pipe is full stands still."""
    assert process.stderr is not None
    async for line in process.stderr:
        if b"WebDriver BiDi listening on" in line:
            address.set_result(line.decode().split()[-1])
    if not address.done():
        address.set_exception(AssertionError("Firefox ended before it listened"))
    await process.wait()
