"""Scenes with gmediarender, which wants a network with multicast, for test_dlna.py.

A scene runs under `unshare`, in a network that vanishes with it: of one host, or of two for those that search. It is
given a folder in which `speech.pcm` is, leaves there what gmediarender played as `played.pcm` (44.1 kHz, stereo), and
prints one JSON object: what happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from kokoro_wyoming.speakers import ssdp
from kokoro_wyoming.speakers.announcer import Announcement, Outcome
from kokoro_wyoming.speakers.kinds.dlna_renderer import Renderer
from tests.speakers.announcing import announcer, as_made, target, tone

Seen = dict[str, Any]
HERE, PEER = "10.77.0.1", "10.77.0.2"
PORT = 49_500
MUSIC_SECONDS = 60
PIPE = "audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=44100,channels=2 ! filesink append=true sync=true"
INSIDE_PEER = ("ip", "netns", "exec", "peer")


def hz_at(second: int) -> float:
    """The tone of each second of the music tells its place."""
    return 600.0 + 100.0 * second


def run(command: str) -> None:
    subprocess.run(command.split(), check=True)


def build_network() -> None:
    """Two hosts with a virtual cable between them."""
    run("mount -t tmpfs tmpfs /run")
    run("ip netns add peer")
    run("ip link add lan0 type veth peer name lan0 netns peer")
    for prefix, address in (("", HERE), ("ip netns exec peer ", PEER)):
        run(f"{prefix}ip link set lo up")
        run(f"{prefix}ip addr add {address}/24 dev lan0")
        run(f"{prefix}ip link set lan0 up")
        run(f"{prefix}ip route add default dev lan0")


@contextlib.asynccontextmanager
async def gmediarender(folder: Path, at: str = HERE) -> AsyncIterator[asyncio.subprocess.Process]:
    """A renderer that writes what it plays into a file."""
    inside = INSIDE_PEER if at == PEER else ()
    command = (
        "gmediarender",
        "-I",
        "lan0",
        "-p",
        str(PORT),
        "-f",
        "Kitchen",
        "--mime-filter",
        "audio",
        f"--logfile={folder}/log",
    )
    pipe = f"--gstout-audiopipe={PIPE} location={folder}/played.pcm"
    with (folder / "gmediarender.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*inside, *command, pipe, stdout=log, stderr=log)
    try:
        async with aiohttp.ClientSession() as session:
            await until(lambda: answers(session, f"http://{at}:{PORT}/description.xml"))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with session.get(url) as response:
            return response.status == 200
    return False


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "nothing happened"
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def music_server(folder: Path) -> AsyncIterator[str]:
    """The address of a long piece of music."""
    with wave.open(str(folder / "music.wav"), "wb") as music:
        music.setparams((2, 2, 44_100, 0, "NONE", ""))
        for second in range(MUSIC_SECONDS):
            music.writeframes(tone(hz_at(second), 1.0))
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HERE, 8000).start()
    try:
        yield f"http://{HERE}:8000/music.wav"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def remote(at: str = HERE) -> AsyncIterator[Renderer]:
    """A person's remote control."""
    async with aiohttp.ClientSession() as session:
        yield await Renderer.connect(session, location(at), 10)


def location(at: str = HERE) -> str:
    return f"http://{at}:{PORT}/description.xml"


def uri(at: str = HERE) -> str:
    return f"dlna://{at}:{PORT}/description.xml"


async def is_at(renderer: Renderer, seconds: int) -> bool:
    return ((await renderer.position())[1] or 0) >= seconds


async def rygel(folder: Path) -> Seen:
    """Rygel, which has no sound here: announcements while music plays, is paused and stopped."""
    places = {name: str(folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    command = ("dbus-run-session", "--", "rygel", "-n", "lan0", "-d", "MediaExport")
    seen: Seen = {}
    with (folder / "rygel.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **places}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        found = await ssdp.location_at(HERE, 30)
        assert found is not None
        async with music_server(folder) as url, aiohttp.ClientSession() as session:
            renderer = await Renderer.connect(session, found, 10)
            await renderer.set_uri(url, "")
            await renderer.play()
            await until(lambda: is_at(renderer, 3))
            for name, act in (("playing", None), ("paused", renderer.pause), ("stopped", renderer.stop)):
                if act is not None:
                    await act()
                before = await told(renderer)
                outcome = await announce(folder, f"dlna://{HERE}", volume=0.8)
                seen[name] = {"before": before, "outcome": asdict(outcome), "after": await told(renderer)}
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # dbus-run-session leaves its programs alone
        await process.wait()
    return seen


async def told(renderer: Renderer) -> Seen:
    return {
        **await renderer.media(),
        "transport": (await renderer.transport())[0],
        "position": (await renderer.position())[1],
        "volume": await renderer.volume(),
        "mute": await renderer.is_muted(),
    }


async def announce(folder: Path, at: str, volume: float | None = None, pace: float = 3.0) -> Outcome:
    pcm = (folder / "speech.pcm").read_bytes()
    async with announcer(folder) as announcing:
        announcement = Announcement([target(at, volume=volume)])
        (outcome,) = await announcing.announce(announcement, as_made(pcm, pace=pace))
    return outcome


async def music(folder: Path) -> Seen:
    """It plays music softly; somebody is announced loudly, no faster than it is heard; the music goes on."""
    async with gmediarender(folder), music_server(folder) as url, remote() as renderer:
        await renderer.set_volume(90)
        await renderer.set_uri(url, "<about/>")
        await renderer.play()
        await until(lambda: is_at(renderer, 3))
        before = await told(renderer)
        outcome = await announce(folder, uri(), volume=1.0, pace=1.1)
        after = await told(renderer)
        await until(lambda: is_at(renderer, before["position"] + 3))
    return {"before": before, "outcome": asdict(outcome), "after": after}


async def paused(folder: Path) -> Seen:
    """Its music is paused and muted; it is found by its host alone."""
    async with gmediarender(folder, PEER), music_server(folder) as url, remote(PEER) as renderer:
        await renderer.set_uri(url, "")
        await renderer.play()
        await until(lambda: is_at(renderer, 2))
        await renderer.pause()
        before = await told(renderer)
        outcome = await announce(folder, f"dlna://{PEER}")
        after = await told(renderer)
    return {"before": before, "outcome": asdict(outcome), "after": after}


async def killed(folder: Path) -> Seen:
    """The announcing program is killed in the middle; another one gives the music back."""
    async with gmediarender(folder), music_server(folder) as url, remote() as renderer:
        await renderer.set_volume(90)
        await renderer.set_uri(url, "")
        await renderer.play()
        await until(lambda: is_at(renderer, 2))
        before = await told(renderer)
        program = await asyncio.create_subprocess_exec(sys.executable, __file__, "announcing", str(folder))

        async def announcing() -> bool:
            return "/say/announced/" in (await renderer.media())["uri"] and (await renderer.transport())[0] == "PLAYING"

        await until(announcing)
        program.send_signal(signal.SIGKILL)
        await program.wait()
        between = await told(renderer)
        async with announcer(folder) as next_one:
            await next_one.restore_left()
        after = await told(renderer)
        left = [path.name for path in (folder / "journal").glob("*.json")]
    return {"before": before, "between": between, "after": after, "left": left}


async def announcing(folder: Path) -> Seen:
    """The program that is killed."""
    return asdict(await announce(folder, uri(), volume=1.0))


async def dying(folder: Path) -> Seen:
    """The renderer had no music; it ends in the middle of the second announcement, and is away at the third."""
    async with gmediarender(folder) as process, remote() as renderer:
        first = await announce(folder, uri())
        after = await told(renderer)

        async def end() -> None:
            async def playing() -> bool:
                return (await renderer.transport())[0] == "PLAYING"

            await until(playing)
            process.kill()

        ending = asyncio.ensure_future(end())
        async with announcer(folder, patience_seconds=3) as announcing:
            pcm = (folder / "speech.pcm").read_bytes()
            (second,) = await announcing.announce(Announcement([target(uri())]), as_made(pcm))
            await ending
            (third,) = await announcing.announce(Announcement([target(uri())]), as_made(pcm))
            (fourth,) = await announcing.announce(Announcement([target(f"dlna://{HERE}")]), as_made(pcm))
    return {"after": after, "outcomes": [asdict(outcome) for outcome in (first, second, third, fourth)]}


def main() -> None:
    name, folder = sys.argv[1:]
    if name != "announcing":
        build_network()
    seen = asyncio.run(globals()[name](Path(folder)))
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
