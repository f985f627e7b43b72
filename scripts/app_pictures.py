"""Draws the pictures of the app: its icon and logo, and its page as Home Assistant shows it.

    python -m scripts.app_pictures

It needs the real weights, Chromium and Playwright.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from tests.conftest import CHECKOUT, RunningServer
from tests.protocols.http.browsers import Chromium, chromium
from tests.stand_ins.supervisor import PANEL, PREFIX, supervisor

APP = CHECKOUT / "app"
_ICON = (CHECKOUT / "kokoro_wyoming/protocols/http/page/icon.svg").read_text(encoding="utf-8")
_TEXT = "The washing is done. It is 21.5 °C outside, so please hang it in the garden."
_PLAYED = "document.getElementById('stop').disabled && !document.getElementById('again').disabled"


async def _draw(window: Chromium, path: Path, width: int, height: int, content: str) -> None:
    style = "body {margin: 0; display: flex; align-items: center; gap: 18px; font: 600 40px sans-serif; color: #2f5d62}"
    await window.page.set_viewport_size({"width": width, "height": height})
    await window.page.set_content(f"<style>{style}</style>{content}")
    await window.page.screenshot(path=path, omit_background=True)


def _icon(size: int) -> str:
    return _ICON.replace("<svg ", f'<svg width="{size}" height="{size}" ')


async def _take(window: Chromium, server: str, path: Path) -> None:
    async with supervisor() as visited:
        visited.app = server
        await window.page.set_viewport_size({"width": 1120, "height": 1000})
        await window.open(f"{visited.url}{PANEL}")
        whole = window.page
        window.page = next(frame for frame in whole.frames if PREFIX in frame.url)
        await window.until("document.querySelectorAll('.voice-list li').length > 50")
        for text in ("A first one, as the network is slower at its first lengths.", _TEXT, _TEXT):
            await window.fill("#text", text)
            await window.run("document.getElementById('play').click()")
            await window.until("!document.getElementById('stop').disabled")
            await window.until(_PLAYED)
        await whole.screenshot(path=path)


async def main() -> int:
    async with chromium() as window:
        await _draw(window, APP / "icon.png", 128, 128, _icon(128))
        await _draw(window, APP / "logo.png", 250, 100, f"{_icon(84)}Kokoro")
    running = RunningServer("--uri=tcp://127.0.0.1:0", "--http-uri=tcp://127.0.0.1:0", "--no-zeroconf", "--offline")
    running.settled()
    found = re.search(r"http://127\.0\.0\.1:\d+", "".join(running.log))
    if found is None:
        print("".join(running.log), file=sys.stderr)
        return 1
    async with chromium() as window:
        await _take(window, found.group(), APP / "images" / "page.png")
    return running.end()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
