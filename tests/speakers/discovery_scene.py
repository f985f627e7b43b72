"""A house with speakers, for test_discovery.py: one host looks for them, and the other one announces them.

It runs under `unshare`, in a network that vanishes with it, and prints what was found as JSON. Real programs run where
they are installed: gmediarender, snapserver with a snapclient, and squeezelite at the server of `aioslimproto`. What
has no program for a test is announced by zeroconf, with what the real ones tell of themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from wyoming.audio import AudioFormat
from wyoming.event import async_read_event, async_write_event
from wyoming.info import Attribution, Info, SndProgram
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from kokoro_wyoming.speakers import discovery
from tests.speakers.dlna_scene import INSIDE_PEER, PEER, build_network, gmediarender

ANNOUNCED: list[tuple[str, str, int, dict[str, str]]] = [
    ("_airplay._tcp", "Bedroom", 7000, {"model": "AudioAccessory5,1"}),
    ("_raop._tcp", "A1B2C3D4E5F6@Bedroom", 7000, {"am": "AudioAccessory5,1"}),
    ("_googlecast._tcp", "Nest-Mini-0123", 8009, {"fn": "Hall", "md": "Google Nest Mini"}),
    ("_googlecast._tcp", "Google-Cast-Group-0123", 32_187, {"fn": "Upstairs", "md": "Google Cast Group"}),
    ("_esphomelib._tcp", "voice-pe", 6053, {"friendly_name": "Desk", "project_name": "esphome.voice_assistant"}),
    ("_mpd._tcp", "Music Player @ attic", 6601, {}),
    ("_sonos._tcp", "Sonos-542A1B000000@Bath", 1443, {"vers": "3"}),
    ("_snapcast-jsonrpc._tcp", "Snapcast", 1705, {}),
    ("_wyoming._tcp", "Porch", 10_601, {}),
    ("_wyoming._tcp", "Whisper", 10_300, {}),
    ("_wyoming._tcp", "Gone", 10_999, {}),
]

SONOS = "10.77.0.3"
"""Where nobody is: a renderer at the address of a Sonos speaker would be taken for its other face."""
APLAY = SndProgram("aplay", Attribution("", ""), True, "", "1", snd_format=AudioFormat(22_050, 2, 1))


async def announce() -> None:
    """The second host, until it is killed."""
    async with contextlib.AsyncExitStack() as running:
        for port, snd in ((10_601, [APLAY]), (10_300, [])):
            running.push_async_exit(await asyncio.start_server(_wyoming(Info(snd=snd)), PEER, port))
        await running.enter_async_context(_lyrion())
        zeroconf = await running.enter_async_context(AsyncZeroconf(interfaces=[PEER]))
        services = [_service(*announced) for announced in ANNOUNCED]
        await asyncio.gather(*(zeroconf.async_register_service(service, strict=False) for service in services))
        print("announced", flush=True)
        await asyncio.Event().wait()


def _service(kind: str, name: str, port: int, about: dict[str, str]) -> ServiceInfo:
    host = SONOS if kind == "_sonos._tcp" else PEER
    return ServiceInfo(
        f"{kind}.local.",
        f"{name}.{kind}.local.",
        port,
        properties=about,
        server=f"{host.replace('.', '-')}.local.",
        addresses=[socket.inet_aton(host)],
    )


def _wyoming(info: Info) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await async_read_event(reader):
            await async_write_event(info.event(), writer)

    return serve


@contextlib.asynccontextmanager
async def _lyrion() -> AsyncIterator[None]:
    if importlib.util.find_spec("aioslimproto") is None:
        yield
        return
    from aioslimproto import SlimServer

    server = SlimServer(cli_port_json=9000, ip_address=PEER)
    await server.start()
    try:
        yield
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def program(*command: str) -> AsyncIterator[None]:
    """A program on the second host, where it is installed."""
    if shutil.which(command[0]) is None:
        yield
        return
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*INSIDE_PEER, *command, stdout=nowhere, stderr=nowhere)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def look(folder: Path) -> None:
    """The first host."""
    logging.basicConfig(stream=sys.stderr)
    async with contextlib.AsyncExitStack() as running:
        # The file that its package installs has a stream of its own.
        (folder / "snapserver.conf").write_text(f"[stream]\nsource = pipe://{folder}/fifo?name=default\n")
        snapserver = ("snapserver", "-c", f"{folder}/snapserver.conf", f"--server.datadir={folder}")
        await running.enter_async_context(program(*snapserver))
        out = f"file:filename={folder}/snap.pcm"
        await running.enter_async_context(program("snapclient", "-h", PEER, "--hostID=kitchen", "--player", out))
        if shutil.which("gmediarender"):
            await running.enter_async_context(gmediarender(folder, PEER))
        announcer = await asyncio.create_subprocess_exec(
            *INSIDE_PEER, sys.executable, __file__, "announce", stdout=asyncio.subprocess.PIPE
        )
        assert announcer.stdout is not None
        assert await announcer.stdout.readline() == b"announced\n"
        await running.enter_async_context(program("squeezelite", "-o", "-", "-n", "Cellar", "-s", PEER))
        found = []
        for _ in range(4):  # programs take their time to connect
            found = await discovery.find(5.0)
            if {"snapcast", "squeezebox", "dlna"} <= {speaker.kind for speaker in found}:
                break
        announcer.kill()
        await announcer.wait()
    print(json.dumps([asdict(speaker) for speaker in found]))


if __name__ == "__main__":
    if sys.argv[1] == "announce":
        asyncio.run(announce())
    else:
        build_network()
        asyncio.run(look(Path(sys.argv[1])))
