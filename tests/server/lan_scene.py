"""A network of two hosts on one machine, for test_discovery_lan.py: two namespaces with a virtual cable between them.

It runs under `unshare`, so that the network vanishes with the process. The first host is this process with the server's
`Advertiser`; the second is a child process in the namespace "peer" with a zeroconf browser of its own, which prints
a line of JSON for everything that it learns. The scene prints one JSON object: what happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from wyoming.event import Event, async_read_event
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from kokoro_wyoming.server.discovery import Advertiser
from kokoro_wyoming.server.discovery.advertiser import SERVICE_TYPE

Seen = dict[str, Any]
Talk = Callable[[str, int | None], Awaitable[str]]
STEP_TIMEOUT_SECONDS = 8.0
AS_BY_DEFAULT: dict[str, Any] = {"server__uri": "tcp://:10200", "discovery__enabled": True}


def run(command: str) -> None:
    subprocess.run(command.split(), check=True)


def build_house(*, ipv4: bool = True, ipv6: str = "fd77::") -> None:
    run("mount -t tmpfs tmpfs /run")
    run("ip netns add peer")
    run("ip link add lan0 type veth peer name lan0 netns peer")
    for prefix, number in (("", 1), ("ip netns exec peer ", 2)):
        run(f"{prefix}ip link set lo up")
        run(f"{prefix}ip addr add {ipv6}{number}/64 dev lan0 nodad")
        if ipv4:
            run(f"{prefix}ip addr add 10.77.0.{number}/24 dev lan0")
        run(f"{prefix}ip link set lan0 up")
    run("ip link add docker0 type bridge")
    run("ip addr add 172.17.0.1/16 dev docker0")
    run("ip link set docker0 up")


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    with contextlib.suppress(OSError):
        await writer.drain()
    writer.close()


class Peer:
    """The second host: a browser that connects to the advertised server, or another server."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, part: str = "browse") -> Peer:
        command = ("ip", "netns", "exec", "peer", sys.executable, __file__, part)
        return cls(await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE))

    async def sees(self, wanted: Callable[[Seen], bool]) -> Seen:
        """The first event that is wanted; asyncio.TimeoutError when none comes."""

        async def read() -> Seen:
            assert self._process.stdout is not None
            async for line in self._process.stdout:
                seen: Seen = json.loads(line)
                if wanted(seen):
                    return seen
            raise EOFError("the browser ended")

        return await asyncio.wait_for(read(), STEP_TIMEOUT_SECONDS)

    async def stop(self) -> None:
        self._process.terminate()
        await self._process.communicate()  # which closes the pipe, too


async def converse() -> None:
    """As `browse`, but speak with the servers that are found."""
    await browse(speak)


async def browse(talk: Talk | None = None) -> None:
    async with AsyncZeroconf(interfaces=[own_address()]) as zeroconf:
        tasks: set[asyncio.Task[None]] = set()

        def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
            task = asyncio.get_running_loop().create_task(tell(zeroconf, name, state_change.name, talk or connect))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[changed])
        await asyncio.Event().wait()


async def advertise() -> None:
    """A server that prints its name whenever the name changes."""
    advertiser = Advertiser("Kokoro", 10200, ["0.0.0.0"], poll_seconds=0.2)
    await advertiser.publish()
    told = ""
    while True:
        if advertiser.name != told:
            told = advertiser.name
            print(json.dumps({"name": told}), flush=True)
        await asyncio.sleep(0.1)


def own_address() -> str:
    listed = json.loads(subprocess.check_output(["ip", "-j", "addr", "show", "dev", "lan0"]))[0]["addr_info"]
    return str(next(row["local"] for row in listed if row["local"] in ("10.77.0.2", "fd77::2", "2001:db8:77::2")))


async def tell(zeroconf: Zeroconf, name: str, change: str, talk: Talk) -> None:
    seen: Seen = {"change": change, "name": name.removesuffix(f".{SERVICE_TYPE}")}
    if change != ServiceStateChange.Removed.name:
        info = AsyncServiceInfo(SERVICE_TYPE, name)
        await info.async_request(zeroconf, 3000)
        seen["addresses"] = info.parsed_addresses()
        # As Home Assistant does.
        host = next((a for a in seen["addresses"] if not ipaddress.ip_address(a).is_link_local), None)
        seen["heard"] = await talk(host, info.port) if host else ""
    print(json.dumps(seen), flush=True)


async def connect(host: str, port: int | None) -> str:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
    except (OSError, asyncio.TimeoutError):
        return ""
    heard = (await reader.read(100)).decode()
    writer.close()
    return heard


async def speak(host: str, port: int | None) -> str:
    """The text that Home Assistant would hear: it asks for info, then sends a stream for the first voice."""
    from wyoming.client import AsyncTcpClient

    from tests.stand_ins.beep_engine import heard

    try:
        async with AsyncTcpClient(host, port or 0, connect_timeout=2, read_timeout=4) as client:
            await client.write_event(Event("describe"))
            info = await client.read_event()
            assert info is not None
            voice = info.data["tts"][0]["voices"][0]["name"]
            for event in stream(f"It is {voice}. Who speaks", voice):
                await client.write_event(event)
            sound = b""
            while (event := await client.read_event()) is not None and event.type != "synthesize-stopped":
                sound += event.payload or b""
            return heard(sound)
    except (OSError, asyncio.TimeoutError) as error:
        return f"nothing: {error!r}"


def stream(text: str, voice: str) -> list[Event]:
    chunks = [Event("synthesize-chunk", {"text": text[at : at + 4]}) for at in range(0, len(text), 4)]
    return [Event("synthesize-start", {"voice": {"name": voice}}), *chunks, Event("synthesize-stop")]


async def stranger() -> None:
    """A client with an address outside of the home network."""
    run("ip addr add 203.0.113.2/24 dev lan0")
    reader, writer = await asyncio.open_connection("203.0.113.1", 10200)
    writer.write(b'{"type": "describe"}\n')
    event = await async_read_event(reader)
    assert event is not None
    print(json.dumps({"type": event.type, "code": event.data.get("code")}), flush=True)


async def our_server() -> Seen:
    """The whole program, found and spoken with by another host, at an old address and a new one; then stopped."""
    from tests.stand_ins import beep_program

    beep_program.stand_in()
    build_house()
    peer = await Peer.start("converse")
    with tempfile.TemporaryDirectory() as folder:
        async with beep_program.beep_program(Path(folder), **AS_BY_DEFAULT):
            found = await peer.sees(lambda seen: bool(seen.get("heard")))
            run("ip addr del 10.77.0.1/24 dev lan0")
            run("ip addr add 10.77.0.9/24 dev lan0")
            followed = await peer.sees(lambda seen: "10.77.0.9" in seen.get("addresses", ()))
            run("ip addr add 203.0.113.1/24 dev lan0")
            refused = await (await Peer.start("stranger")).sees(bool)
        gone = await peer.sees(lambda seen: seen["change"] == "Removed")
    await peer.stop()
    return {"found": found, "followed": followed, "refused": refused, "gone": gone}


async def our_server_on_ipv6_alone() -> Seen:
    """The whole program in a home network that has only global IPv6 addresses, from its provider."""
    from tests.stand_ins import beep_program

    beep_program.stand_in()
    build_house(ipv4=False, ipv6="2001:db8:77::")
    peer = await Peer.start("converse")
    with tempfile.TemporaryDirectory() as folder:
        async with beep_program.beep_program(Path(folder), **AS_BY_DEFAULT):
            found = await peer.sees(lambda seen: bool(seen.get("heard")))
    await peer.stop()
    return {"found": found}


async def dual_stack() -> Seen:
    """Found, reached, followed to a new address, and gone."""
    build_house()
    server = await asyncio.start_server(greet, ["0.0.0.0", "::"], 10200)
    advertiser = Advertiser("Kokoro", 10200, ["0.0.0.0", "::"], poll_seconds=0.2)
    peer = await Peer.start()
    await advertiser.publish()
    found = await peer.sees(lambda seen: seen.get("heard") == "hello")
    run("ip addr del 10.77.0.1/24 dev lan0")
    run("ip addr add 10.77.0.9/24 dev lan0")
    followed = await peer.sees(lambda seen: "10.77.0.9" in seen.get("addresses", ()) and seen["heard"] == "hello")
    await advertiser.unpublish()
    gone = await peer.sees(lambda seen: seen["change"] == "Removed")
    await peer.stop()
    server.close()
    return {"found": found, "followed": followed, "gone": gone}


async def ipv6_only() -> Seen:
    build_house(ipv4=False)
    server = await asyncio.start_server(greet, "::", 10200)
    advertiser = Advertiser("Kokoro", 10200, ["::"], poll_seconds=0.2)
    peer = await Peer.start()
    await advertiser.publish()
    found = await peer.sees(lambda seen: seen.get("heard") == "hello")
    await advertiser.unpublish()
    gone = await peer.sees(lambda seen: seen["change"] == "Removed")
    await peer.stop()
    server.close()
    return {"found": found, "gone": gone}


async def no_network_at_first() -> Seen:
    """A machine without any network, not even loopback; then the cable is plugged in."""
    warnings: list[str] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warnings.append(record.getMessage())

    handler = Noting(logging.WARNING)
    logging.getLogger().addHandler(handler)
    advertiser = Advertiser("Kokoro", 10200, ["0.0.0.0"], poll_seconds=0.2)
    await advertiser.publish()
    before = advertiser.advertised
    await asyncio.sleep(1)
    warned = list(warnings)
    build_house()
    server = await asyncio.start_server(greet, "0.0.0.0", 10200)
    peer = await Peer.start()
    found = await peer.sees(lambda seen: seen.get("heard") == "hello")
    await advertiser.unpublish()
    await peer.stop()
    server.close()
    return {"before": before, "warned": warned, "found": found}


async def name_in_use() -> Seen:
    """Another server has the name already."""
    build_house()
    peer = await Peer.start("advertise")
    theirs = await peer.sees(bool)
    advertiser = Advertiser("Kokoro", 10200, ["0.0.0.0"], poll_seconds=0.2)
    await advertiser.publish()
    ours = advertiser.name
    await advertiser.unpublish()
    await peer.stop()
    return {"theirs": theirs["name"], "ours": ours}


async def both_at_once() -> Seen:
    """Two servers of one name, started in the same moment as after a power cut."""
    build_house()
    peer = await Peer.start("advertise")
    advertiser = Advertiser("Kokoro", 10200, ["0.0.0.0"], poll_seconds=0.2)
    await advertiser.publish()
    theirs = await peer.sees(bool)
    for _ in range(50):
        with contextlib.suppress(asyncio.TimeoutError):
            theirs = await asyncio.wait_for(peer.sees(bool), 0.1)
        if advertiser.advertised and advertiser.name != theirs["name"]:
            break
    await advertiser.unpublish()
    await peer.stop()
    return {"names": sorted([theirs["name"], advertiser.name])}


_ALL = (
    *(dual_stack, ipv6_only, no_network_at_first, name_in_use, both_at_once),
    *(our_server, our_server_on_ipv6_alone),
)
SCENES = {scene.__name__: scene for scene in _ALL}
PARTS = {part.__name__: part for part in (browse, converse, stranger, advertise)}

if __name__ == "__main__":
    name = sys.argv[1]
    if name in PARTS:
        asyncio.run(PARTS[name]())
    else:
        print(json.dumps(asyncio.run(SCENES[name]())))
