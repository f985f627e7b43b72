"""A stand-in for Lyrion Music Server (LMS), which Debian does not have: its queues, and its JSON-RPC for them.

Players are real: aioslimproto drives squeezelite. Its own JSON-RPC has no queue, no seeking, no groups, and takes the
address of a sound for a tagged parameter. So these are written here, after LMS's sources and its documentation of the
CLI: commands that load are answered before they have loaded; LMS reads the beginning of what it is given by address;
`playlist save` needs a folder; loading shuffles; setting the volume ends muting, and a muted volume is negative.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web
from aioslimproto.client import SlimClient
from aioslimproto.models import EventType, PlayerState
from numpy.typing import NDArray

MUSIC_SECONDS = 40
_RATE_HZ = 44_100
_LOWEST_HZ = 300
_STEP_HZ = 20


def heard_music(samples: NDArray[np.float32]) -> list[tuple[str, int]]:
    """The pieces and their seconds in 24 kHz samples, each once in a row: each second has a pitch of its own."""
    heard: list[tuple[str, int]] = []
    size = 6_000
    for at in range(0, len(samples) - size + 1, size):
        spectrum = np.abs(np.fft.rfft(samples[at : at + size] * np.hanning(size)))
        name, step = divmod(int(np.argmax(spectrum)) * 24_000 / size - _LOWEST_HZ, 1_000)
        here = (str(int(name)), round(step / _STEP_HZ))
        if spectrum.max() > 1 and abs(step - _STEP_HZ * here[1]) < 6 and heard[-1:] != [here]:
            heard.append(here)
    return heard


@dataclass(eq=False)
class Queue:
    """What one player or a group plays."""

    members: list[Player] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    index: int = 0
    mode: str = "stop"
    repeat: int = 0
    shuffle: int = 0
    from_seconds: float = 0.0
    has_begun: bool = False


@dataclass(eq=False)
class Player:
    """One player of the house."""

    client: SlimClient
    queue: Queue
    volume: int = 50
    power: int = 1

    @property
    def seconds(self) -> float:
        return self.queue.from_seconds + (self.client.elapsed_seconds if self.queue.has_begun else 0.0)


class Lms:
    """The server. Its state is open to tests."""

    def __init__(self) -> None:
        self.players: dict[str, Player] = {}
        self.saved: dict[str, tuple[list[str], int]] = {}
        self.can_save = True
        self.commands: list[list[Any]] = []
        self.slimproto_port = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession | None = None
        self._writers: list[asyncio.StreamWriter] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Lms]:
        """On free ports of the loopback."""
        slimproto = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.slimproto_port = slimproto.sockets[0].getsockname()[1]
        app = web.Application()
        app.router.add_post("/jsonrpc.js", self._answer)
        app.router.add_get("/music/{name}.wav", _music)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            async with aiohttp.ClientSession() as self._http:
                yield self
        finally:
            slimproto.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for player in list(self.players.values()):
                player.client.disconnect()
            # From Python 3.12 on, a server waits for each connection, also for one whose player was killed.
            for writer in self._writers:
                writer.transport.abort()
            await runner.cleanup()
            await asyncio.sleep(0)

    def music(self, *names: str) -> list[str]:
        """Addresses of pieces of music, which can be sought in."""
        return [f"http://127.0.0.1:{self.port}/music/{name}.wav" for name in names]

    def player(self, name: str) -> Player:
        return next(player for player in self.players.values() if player.client.name == name)

    async def play_music(self, name: str, urls: list[str], index: int = 0, seconds: float = 0.0) -> Player:
        """Have a player play, as a person would."""
        player = self.player(name)
        player.queue.urls = list(urls)
        await self._play(player.queue, index, seconds)
        return player

    async def pause(self, name: str) -> None:
        await self._pause(self.player(name), ["1"])

    async def turn_off(self, name: str) -> None:
        await self._power(self.player(name), ["0"])

    async def join(self, name: str, other: str) -> None:
        """Take another player into the group of this one."""
        await self._sync(self.player(name), [self.player(other).client.player_id])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        client = SlimClient(reader, writer, self._event)
        # aioslimproto does not tell of a connection that a write, not a read, finds broken.
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        self._forget(client)

    def _forget(self, client: SlimClient) -> None:
        """A player is away, unless it is here again on another connection."""
        if (player := self.players.get(client.player_id)) and player.client is client:
            del self.players[client.player_id]

    def _event(self, client: SlimClient, kind: EventType, data: object = None) -> None:
        if kind is EventType.PLAYER_NAME_RECEIVED:
            player = Player(client, Queue())
            player.queue.members.append(player)
            self.players[client.player_id] = player
            self._later(self._set_up(player))
        elif kind is EventType.PLAYER_DISCONNECTED:
            self._forget(client)
        elif kind is EventType.PLAYER_UPDATED and (found := self.players.get(client.player_id)):
            queue = found.queue
            if client.state is PlayerState.PLAYING:
                queue.has_begun = True
            elif client.state is PlayerState.STOPPED and queue.has_begun and queue.mode == "play":
                queue.has_begun = False
                self._later(self._next(queue))

    async def _set_up(self, player: Player) -> None:
        await player.client.power(True)
        await player.client.volume_set(player.volume)

    async def _next(self, queue: Queue) -> None:
        """The track has ended."""
        index = queue.index if queue.repeat == 1 else queue.index + 1
        if index < len(queue.urls):
            await self._play(queue, index)
        elif queue.repeat == 2:
            await self._play(queue, 0)
        else:
            queue.mode, queue.from_seconds, queue.index = "stop", 0.0, 0

    async def _play(self, queue: Queue, index: int, seconds: float = 0.0) -> None:
        if not queue.urls:
            return
        queue.index, queue.mode, queue.from_seconds, queue.has_begun = index % len(queue.urls), "play", seconds, False
        url = queue.urls[queue.index]
        for member in queue.members:
            member.power = 1
            address = f"{url}?from={seconds}" if "/music/" in url else url
            await member.client.play_url(address, "audio/wav" if "/music/" in url else None, stream_threshold=24)
        queue.has_begun = False

    async def _stop(self, queue: Queue) -> None:
        queue.mode, queue.has_begun, queue.from_seconds = "stop", False, 0.0
        for member in queue.members:
            await member.client.stop()

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        player_id, command = asked["params"]
        self.commands.append([player_id, *command])
        result = await self._execute(self.players.get(player_id), [str(part) for part in command])
        return web.json_response({**asked, "result": result})

    async def _execute(self, player: Player | None, command: list[str]) -> dict[str, Any]:
        if command[0] == "players":
            return {"count": len(self.players), "players_loop": [_player(each) for each in self.players.values()]}
        if player is None:
            return {}
        commands: dict[str, Callable[[Player, list[str]], Any]] = {
            "status": self._status,
            "playlist": self._playlist,
            "mixer": self._mixer,
            "sync": self._sync,
            "power": self._power,
            "pause": self._pause,
            "stop": self._stop_command,
            "time": self._time,
        }
        return (await commands[command[0]](player, command[1:])) or {}

    async def _status(self, player: Player, args: list[str]) -> dict[str, Any]:
        queue = player.queue
        tracks = [{"playlist index": n, "title": url, "url": url} for n, url in enumerate(queue.urls)]
        window = tracks[queue.index :] if args[0] == "-" else tracks[int(args[0]) :]
        others = [member.client.player_id for member in queue.members]
        groups = {"sync_master": others[0], "sync_slaves": ",".join(others[1:])} if others[1:] else {}
        return {
            **_player(player),
            **groups,
            "mode": queue.mode,
            "time": player.seconds,
            "can_seek": 1,
            "mixer volume": player.volume,
            "playlist repeat": queue.repeat,
            "playlist shuffle": queue.shuffle,
            "playlist_tracks": len(tracks),
            **({"playlist_cur_index": str(queue.index), "playlist_loop": window[: int(args[1])]} if tracks else {}),
        }

    async def _playlist(self, player: Player, args: list[str]) -> None:
        queue, what = player.queue, args[0]
        if what == "play":
            await self._stop(queue)
            queue.urls = []
            self._later(self._load(queue, args[1]))
        elif what == "add":
            queue.urls.append(args[1])
        elif what == "clear":
            await self._stop(queue)
            queue.urls, queue.index = [], 0
        elif what == "save" and self.can_save:
            self.saved[args[1]] = (list(queue.urls), queue.index)
        elif what == "resume":
            await self._stop(queue)
            queue.urls, queue.index = [], 0
            self._later(self._resume(queue, args[1]))
        elif what in ("index", "jump"):
            if args[3:] == ["1"] and queue.mode == "stop":
                queue.index = int(args[1])
            else:
                await self._play(queue, int(args[1]))
        elif what in ("repeat", "shuffle"):
            setattr(queue, what, int(args[1]))
            if what == "shuffle" and queue.shuffle:
                _shuffle(queue)

    async def _load(self, queue: Queue, url: str) -> None:
        assert self._http is not None
        async with self._http.get(url) as answer:
            await answer.content.read(1_000)
        queue.urls = [url]
        await self._play(queue, 0)

    async def _resume(self, queue: Queue, name: str) -> None:
        await asyncio.sleep(0.2)
        queue.urls, queue.index = self.saved.pop(name, ([], 0))
        if queue.shuffle:
            _shuffle(queue)

    async def _mixer(self, player: Player, args: list[str]) -> None:
        if args[0] == "volume":
            player.volume = int(args[1])
            await player.client.mute(False)
            await player.client.volume_set(player.volume)
        elif args[0] == "muting":
            player.volume = -abs(player.volume) if int(args[1]) else abs(player.volume)
            await player.client.volume_set(max(0, player.volume))

    async def _sync(self, player: Player, args: list[str]) -> None:
        """The player leaves its group, or takes another one into its own."""
        moved = player if args[0] == "-" else self.players[args[0]]
        old = moved.queue
        old.members.remove(moved)
        await moved.client.stop()
        if moved is player:
            moved.queue = Queue([moved], list(old.urls), old.index)
            return
        moved.queue = player.queue
        player.queue.members.append(moved)
        if player.queue.mode == "play":
            await self._play(player.queue, player.queue.index, player.seconds)

    async def _power(self, player: Player, args: list[str]) -> None:
        player.power = int(args[0])
        if not player.power:
            await self._stop(player.queue)

    async def _pause(self, player: Player, args: list[str]) -> None:
        if args == ["1"] and player.queue.mode == "play":
            player.queue.mode = "pause"
            for member in player.queue.members:
                await member.client.pause()

    async def _stop_command(self, player: Player, args: list[str]) -> None:
        await self._stop(player.queue)

    async def _time(self, player: Player, args: list[str]) -> None:
        if player.queue.mode == "play":
            await self._play(player.queue, player.queue.index, float(args[0]))


def _player(player: Player) -> dict[str, Any]:
    client = player.client
    return {
        "playerid": client.player_id,
        "name": client.name,
        "connected": int(client.connected),
        "power": player.power,
        "ip": f"{client.device_address}:40000",
    }


def _shuffle(queue: Queue) -> None:
    """The rest of the queue in another order; the current track becomes the first."""
    current = queue.urls.pop(queue.index) if queue.urls else None
    random.shuffle(queue.urls)
    queue.urls, queue.index = [*([current] if current else []), *queue.urls], 0


async def _music(request: web.Request) -> web.Response:
    name, begin = request.match_info["name"], float(request.query.get("from", 0))
    seconds = np.arange(round(begin * _RATE_HZ), MUSIC_SECONDS * _RATE_HZ) / _RATE_HZ
    hz = _LOWEST_HZ + 1_000 * int(name) + _STEP_HZ * np.floor(seconds)
    wave = np.rint(3_000 * np.sin(2 * np.pi * np.cumsum(hz) / _RATE_HZ)).astype("<i2")
    pcm = np.repeat(wave[:, None], 2, axis=1).tobytes()
    return web.Response(body=pcm, headers={"Content-Type": "audio/wav;rate=44100;bitrate=16;channels=2"})
