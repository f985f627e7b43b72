"""Birth, life and death of the server: model, warm-up, listen, publish; reload; unpublish, drain, close."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence

import torch
from pydantic import BaseModel

from kokoro_wyoming.config import Config, TcpAddress, parse_uri
from kokoro_wyoming.config.addresses import networks_of
from kokoro_wyoming.errors import KokoroWyomingError, PeerError
from kokoro_wyoming.network import memory
from kokoro_wyoming.openmp import Waiting
from kokoro_wyoming.protocols import admission
from kokoro_wyoming.protocols.wyoming.frames import WireLimits
from kokoro_wyoming.protocols.wyoming.server import WyomingServer
from kokoro_wyoming.releases import DEFAULT_VERSION, DEPRECATION_NOTICE
from kokoro_wyoming.scheduler import ModelThread, leave, on_own_thread
from kokoro_wyoming.server.discovery import Advertiser, listening_hosts, networks_near
from kokoro_wyoming.server.listener import Listener, bind
from kokoro_wyoming.server.startup import Prerendering, RunningEngine, manager_of, speech_options, start_engine
from kokoro_wyoming.server.systemd import notify, reloading
from kokoro_wyoming.server.watchdog import Watchdog
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.voices.catalogue import Catalogue

_LOGGER = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0
"""Longest wait for tasks that were cancelled, and for the model thread to end its turn."""
_NICENESS = -5
"""Priority of the process. Where processors are short it gets three times the share of a program with 0."""
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_FOR_THE_NEXT_START = {"server": ("uri",), "model": (), "folders": (), "discovery": ()}
"""Settings that change only at the next start: by section, the named ones, or all where none is named."""


def serve(config: Config, reread: Callable[[], Config] | None = None) -> int:
    """Serve until a signal ends it; the exit status. Raises KokoroWyomingError when it cannot start.

    `reread` reads the settings anew at SIGHUP; without it only the voices are.
    """
    memory.keep_freed()
    memory.bound_kernels()
    _come_before_other_programs()
    if config.model.threads:
        torch.set_num_threads(config.model.threads)
    thread = ModelThread(waiting=Waiting())
    server = Server(config, thread, reread)
    asyncio.run(_whole_life(server))
    status = 1 if server.hopeless else 0
    if not thread.close(_CLOSE_SECONDS):
        leave(status)  # a turn is still under way inside torch
    return status


def _come_before_other_programs() -> None:
    """Take a higher priority where this user may (root, systemd's Nice=, Docker's SYS_NICE), unless one is set.

    Somebody waits for each answer, and it is over soon. The threads that are started later have it too.
    """
    with contextlib.suppress(OSError, AttributeError):
        if os.getpriority(os.PRIO_PROCESS, 0) == 0:
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


async def _whole_life(server: Server) -> None:
    await server.run()
    if not server.ready:
        leave(0)  # threads that load a model are still under way, and asyncio would wait for them


class Server:
    """One server from start to stop."""

    def __init__(self, config: Config, thread: ModelThread, reread: Callable[[], Config] | None = None) -> None:
        self._config = config
        self._thread = thread
        self._reread = reread
        self._address = parse_uri(config.server.uri)
        self._manager = manager_of(config, thread)
        self._admission = admission.Admission(_rules(config), networks_near)
        self._watchdog = Watchdog(thread, config.limits.stuck_seconds)
        self._stop = asyncio.Event()
        self._hang_up = asyncio.Event()
        self._listener: Listener | None = None
        self._advertiser: Advertiser | None = None
        self._running: RunningEngine | None = None
        self._service: SpeechService | None = None
        self._wyoming: WyomingServer | None = None
        self._changing = asyncio.Lock()
        """Held while voices are changed, so that an earlier look at the folders never comes after a later one."""
        self._prerendering: asyncio.Task[None] | None = None
        self.ready = False
        """It started; a stop before that ends it at once."""
        self.hopeless = False
        """It ended because the model was stuck, and not because it was told to."""
        self.uri: str | None = None
        """Where clients reach it, once it listens: with the real port where port 0 was asked for."""

    async def run(self) -> None:
        """Start, serve until told to stop, and leave nothing behind."""
        self._hear_signals()
        try:
            await self._start_unless_stopped()
            if self.ready:
                await self._live()
            notify("STOPPING=1")
            self._prerender(None)
            await self._end()
        finally:
            if self._listener is not None:
                self._listener.close()

    def stop(self) -> None:
        """End the server as a signal would."""
        self._stop.set()

    # Birth

    def _hear_signals(self) -> None:
        loop = asyncio.get_running_loop()
        # Only the main thread may; a server inside another program is stopped by `stop`.
        with contextlib.suppress(RuntimeError, ValueError):
            for number in _STOP_SIGNALS:
                loop.add_signal_handler(number, self._signalled, number)
            loop.add_signal_handler(signal.SIGHUP, self._hang_up.set)

    def _signalled(self, number: signal.Signals) -> None:
        what = "finishing what is being said, then stopping" if self.uri else "stopping at once"
        _LOGGER.info("%s: %s", signal.Signals(number).name, what)
        self.stop()

    async def _start_unless_stopped(self) -> None:
        """Start, and give that up at once when told to stop meanwhile."""
        starting = asyncio.ensure_future(self._start())
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((starting, stop), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
        finally:
            for task in (starting, stop):
                task.cancel()
            await asyncio.wait((starting, stop), timeout=_CLOSE_SECONDS)

    async def _start(self) -> None:
        began = time.monotonic()
        # Bound before the model is loaded, so that a port in use is told at once; opened after.
        self._listener = await bind(self._address, self._accept)
        self._running = await self._start_engine()
        self._service = SpeechService(self._running.engine, speech_options(self._config))
        self._wyoming = WyomingServer(self._service, self._admission, _wire_limits(self._config))
        prerendering = self._running.prerendering()
        await self._listener.open()
        self._address = self._listener.address
        self.uri = str(self._address)
        await self._publish(self._listener)
        self._say_ready(self._listener, self._running.engine, time.monotonic() - began)
        self.ready = True
        notify("READY=1")
        self._prerender(prerendering)

    async def _start_engine(self) -> RunningEngine:
        """Load the model and speak a few words to nobody."""
        model = self._config.model
        _LOGGER.info("Loading Kokoro %s ...", model.version)
        if model.version != DEFAULT_VERSION and model.deprecation_notice:
            _LOGGER.warning(DEPRECATION_NOTICE, model.version, DEFAULT_VERSION)
        notify("STATUS=Loading the model")
        await self._manager.get_model()
        running = await start_engine(self._config, self._manager)
        for program in running.inner.programs():
            _LOGGER.info("%s runs", program.description)
        await running.inner.warm_up()
        return running

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._wyoming is not None, "the port is opened when the engine is ready"
        await self._wyoming.accept(reader, writer)

    def _prerender(self, work: Prerendering | None) -> None:
        """Give up what is being made beforehand, and begin with this instead."""
        if self._prerendering is not None:
            self._prerendering.cancel()
        self._prerendering = asyncio.create_task(work()) if work is not None else None

    async def _publish(self, listener: Listener) -> None:
        discovery = self._config.discovery
        if discovery.enabled and isinstance(self._address, TcpAddress):
            self._advertiser = Advertiser(
                discovery.name,
                self._address.port,
                listening_hosts(listener.sockets),
                discovery.advertise_host,
                discovery.interfaces,
            )
            await self._advertiser.publish()

    def _say_ready(self, listener: Listener, engine: SpeechEngine, seconds: float) -> None:
        where = " and ".join(listener.places)
        _LOGGER.info("Ready after %.1f s: %s at %s", seconds, _voices_of(engine), where)
        if isinstance(self._address, TcpAddress):
            advertiser = self._advertiser
            found = f"choose the discovered {advertiser.name!r}, or " if advertiser and advertiser.advertised else ""
            _LOGGER.info(
                "In Home Assistant: Settings > Devices & services: %sAdd integration > Wyoming Protocol, this "
                "machine's address, port %d. Then Settings > Voice assistants: text-to-speech.",
                found,
                self._address.port,
            )

    # Life

    async def _live(self) -> None:
        """Until told to stop, or until the model is hopelessly stuck."""
        stop = asyncio.ensure_future(self._stop.wait())
        stuck = asyncio.ensure_future(self._watchdog.until_hopeless())
        reloads = asyncio.ensure_future(self._reload_at_each_hang_up())
        follows = asyncio.ensure_future(self._follow_folders())
        await asyncio.wait((stop, stuck), return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, reloads, follows, stuck):
            task.cancel()
        self.hopeless = not self._stop.is_set()
        if self.hopeless:
            _LOGGER.critical("The model is stuck for good: ending, to be started anew by whoever watches over this.")

    async def _reload_at_each_hang_up(self) -> None:
        while await self._hang_up.wait():
            self._hang_up.clear()
            reloading()
            try:
                async with self._changing:
                    await self._reload()
            except KokoroWyomingError as error:
                _LOGGER.error("SIGHUP: the settings and voices stay as they were: %s", error)
            except Exception:
                _LOGGER.exception("SIGHUP: the settings and voices stay as they were")
            notify("READY=1")

    async def _reload(self) -> None:
        """Read settings and voices anew and use them from the next utterance on. Raises KokoroWyomingError."""
        wanted = await asyncio.to_thread(self._reread) if self._reread else self._config
        config, kept = _as_far_as_possible(wanted, self._config)
        running = await start_engine(config, self._manager)
        prerendering = running.prerendering()
        self._manager.forget_voices()
        self._config, self._running = config, running
        self._prerender(prerendering)
        self._admission.rules = _rules(config)
        self._watchdog.stuck_seconds = config.limits.stuck_seconds
        logging.getLogger("kokoro_wyoming").setLevel(config.server.log_level.upper())
        assert self._service is not None
        assert self._wyoming is not None
        self._service.change(running.engine, speech_options(config))
        self._wyoming.limits = _wire_limits(config)
        _LOGGER.info("SIGHUP: settings and voices are read anew; there are %s", _voices_of(running.engine))
        if kept:
            _LOGGER.warning("What has changed in %s takes effect at the next start.", " and ".join(kept))

    async def _follow_folders(self) -> None:
        """Offer voices and releases that come while the server runs, and no longer those that go."""
        try:
            async for _ in self._manager.changes():
                async with self._changing:
                    # Looked at again, as a reload may have come in between.
                    await self._offer(await on_own_thread(self._manager.catalogues))
        except Exception:
            _LOGGER.exception("Voices that come from now on are not seen before the next start")

    async def _offer(self, catalogues: Sequence[Catalogue]) -> None:
        assert self._running is not None
        self._prerender(None)
        await self._running.update(catalogues)
        self._manager.forget_voices()
        try:
            self._prerender(self._running.prerendering())
        except PeerError as error:
            _LOGGER.warning("prerender: nothing is made beforehand any more: %s", error)

    # Death

    async def _end(self) -> None:
        if self._advertiser is not None:
            await self._advertiser.unpublish()
        if self._listener is not None:
            self._listener.close()
        if self._wyoming is not None:
            await self._wyoming.drain(self._config.server.drain_seconds)


def _rules(config: Config) -> admission.Rules:
    limits = config.limits
    per_address = (limits.connections_per_address, limits.waiting_utterances_per_address)
    allow = [network for word in config.server.allow for network in networks_of(word)]
    is_home = "home" in config.server.allow
    return admission.rules(allow, limits.connections, *per_address, near_is_home=is_home)


def _wire_limits(config: Config) -> WireLimits:
    limits = config.limits
    return WireLimits(
        event_timeout_seconds=limits.event_timeout_seconds,
        idle_seconds=limits.idle_seconds,
        write_timeout_seconds=limits.write_timeout_seconds,
    )


def _voices_of(engine: SpeechEngine) -> str:
    voices = engine.programs()[0].voices
    languages = {language for voice in voices for language in voice.languages}
    return f"{len(voices)} voices in {len(languages)} languages"


def _as_far_as_possible(wanted: Config, running: Config) -> tuple[Config, list[str]]:
    """The wanted settings, but for those that need a new start; and the sections in which those differ."""
    kept: dict[str, BaseModel] = {}
    for section, keys in _FOR_THE_NEXT_START.items():
        old, new = getattr(running, section), getattr(wanted, section)
        kept[section] = new.model_copy(update={key: getattr(old, key) for key in keys}) if keys else old
    differ = [section for section, values in kept.items() if values != getattr(wanted, section)]
    return wanted.model_copy(update=kept), differ
