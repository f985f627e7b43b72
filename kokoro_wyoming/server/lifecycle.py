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
from kokoro_wyoming.config.options import sound_options, text_options
from kokoro_wyoming.errors import KokoroWyomingError, PeerError
from kokoro_wyoming.network import memory
from kokoro_wyoming.openmp import Waiting
from kokoro_wyoming.protocols import admission
from kokoro_wyoming.protocols.wyoming.server import refuse
from kokoro_wyoming.protocols.wyoming.session import Session, SessionLimits
from kokoro_wyoming.releases import DEFAULT_VERSION, DEPRECATION_NOTICE
from kokoro_wyoming.scheduler import ModelThread, leave, on_own_thread
from kokoro_wyoming.server.discovery import Advertiser, listening_hosts, networks_near
from kokoro_wyoming.server.listener import Listener, bind
from kokoro_wyoming.server.startup import Prerendering, RunningEngine, manager_of, stage
from kokoro_wyoming.server.systemd import notify, reloading
from kokoro_wyoming.server.watchdog import Watchdog
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.quota import Quota
from kokoro_wyoming.voices.catalogue import Catalogue

_LOGGER = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0
"""For tasks to end after they were cancelled, and for the model thread to end its turn."""
_NICENESS = -5
"""Three times the share of a program with 0, where processors are short."""
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_REFUSALS_AT_ONCE = 32
"""Clients that are told why they are not let in; of more than these the connection is closed without a word."""
_FOR_THE_NEXT_START = {"server": ("uri",), "model": (), "folders": (), "discovery": ()}
"""Settings that a running server keeps: of a section the named ones, or all."""


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
        self._door = admission.Admission(_rules(config), networks_near)
        self._watch = Watchdog(thread, config.limits.stuck_seconds)
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._refusals = 0
        self._stop = asyncio.Event()
        self._hang_up = asyncio.Event()
        self._listener: Listener | None = None
        self._advertiser: Advertiser | None = None
        self._stage: RunningEngine | None = None
        self._staging = asyncio.Lock()
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
        self._stage = await self._start_engine()
        prerendering = self._stage.prerendering()
        await self._listener.open()
        self._address = self._listener.address
        self.uri = str(self._address)
        await self._publish(self._listener)
        self._say_ready(self._listener, time.monotonic() - began)
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
        staged = await stage(self._config, self._manager)
        for program in staged.inner.programs():
            _LOGGER.info("%s runs", program.description)
        await staged.inner.warm_up()
        return staged

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

    def _say_ready(self, listener: Listener, seconds: float) -> None:
        where = " and ".join(listener.places)
        _LOGGER.info("Ready after %.1f s: %s at %s", seconds, _voices_of(self._engine_or_raise()), where)
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
        stuck = asyncio.ensure_future(self._watch.until_hopeless())
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
                async with self._staging:
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
        staged = await stage(config, self._manager)
        prerendering = staged.prerendering()
        self._manager.forget_voices()
        self._config, self._stage = config, staged
        self._prerender(prerendering)
        self._door.rules = _rules(config)
        self._watch.stuck_seconds = config.limits.stuck_seconds
        logging.getLogger("kokoro_wyoming").setLevel(config.server.log_level.upper())
        for session in self._sessions.values():
            session.change(staged.engine, config.speech.volume, sound_options(config), text_options(config))
        _LOGGER.info("SIGHUP: settings and voices are read anew; there are %s", _voices_of(staged.engine))
        if kept:
            _LOGGER.warning("What has changed in %s takes effect at the next start.", " and ".join(kept))

    async def _follow_folders(self) -> None:
        """Offer voices and releases that come while the server runs, and no longer those that go."""
        try:
            async for _ in self._manager.folders.changes():
                async with self._staging:
                    # Looked at again, as a reload may have come in between.
                    await self._offer(await on_own_thread(self._manager.folders.catalogues))
        except Exception:
            _LOGGER.exception("Voices that come from now on are not seen before the next start")

    async def _offer(self, catalogues: Sequence[Catalogue]) -> None:
        assert self._stage is not None
        self._prerender(None)
        await self._stage.update(catalogues)
        self._manager.forget_voices()
        try:
            self._prerender(self._stage.prerendering())
        except PeerError as error:
            _LOGGER.warning("prerender: nothing is made beforehand any more: %s", error)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        host = peer[0] if isinstance(peer, tuple) else ""
        if peer is None:  # gone already
            writer.transport.abort()
            return
        try:
            share = self._door.enter(host)
        except PeerError as error:
            await self._refuse(reader, writer, error)
            return
        try:
            await self._converse(reader, writer, share)
        finally:
            self._door.leave(host)

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: PeerError) -> None:
        if self._refusals >= _REFUSALS_AT_ONCE:
            writer.transport.abort()
            return
        self._refusals += 1
        try:
            await refuse(reader, writer, error)
        finally:
            self._refusals -= 1

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, share: Quota) -> None:
        limits = self._config.limits
        session = Session(
            reader,
            writer,
            self._engine_or_raise(),
            SessionLimits.of(
                text_chars=limits.text_chars,
                event_timeout_seconds=limits.event_timeout_seconds,
                idle_seconds=limits.idle_seconds,
                write_timeout_seconds=limits.write_timeout_seconds,
            ),
            volume=self._config.speech.volume,
            delivery=sound_options(self._config),
            share=share,
            habits=text_options(self._config),
        )
        task = asyncio.current_task()
        assert task is not None
        self._sessions[task] = session
        try:
            await session.run()
        finally:
            del self._sessions[task]

    def _engine_or_raise(self) -> SpeechEngine:
        if self._stage is None:
            raise RuntimeError("the port was opened before the engine was ready")
        return self._stage.engine

    # Death

    async def _end(self) -> None:
        if self._advertiser is not None:
            await self._advertiser.unpublish()
        if self._listener is not None:
            self._listener.close()
        await self._drain()

    async def _drain(self) -> None:
        """Let every session finish what it is saying, within the deadline; then end those that have not."""
        tasks = list(self._sessions)
        drains = [asyncio.ensure_future(session.drain()) for session in self._sessions.values()]
        if drains:
            await asyncio.wait(drains, timeout=self._config.server.drain_seconds)
        for task in (*drains, *tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)


def _rules(config: Config) -> admission.Rules:
    limits = config.limits
    per_address = (limits.connections_per_address, limits.waiting_utterances_per_address)
    allow = [network for word in config.server.allow for network in networks_of(word)]
    is_home = "home" in config.server.allow
    return admission.rules(allow, limits.connections, *per_address, near_is_home=is_home)


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
