"""Birth, life and death of the server: model, warm-up, listen, publish; reload; unpublish, drain, close."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine
from functools import partial

import torch
from pydantic import BaseModel

from kokoro_wyoming import admission, assets, listening
from kokoro_wyoming.cache import AudioCache, CachedEngine
from kokoro_wyoming.config import Config, TcpAddress, parse_uri
from kokoro_wyoming.discovery import Advertiser, listening_hosts
from kokoro_wyoming.engine import Engine
from kokoro_wyoming.errors import AssetError, KokoroWyomingError, PeerError
from kokoro_wyoming.model_manager import ModelManager, installed_languages
from kokoro_wyoming.prerender import prerender, wanted
from kokoro_wyoming.session import Session, SessionLimits, refuse
from kokoro_wyoming.speech import SpeechEngine, VoiceRequest
from kokoro_wyoming.supervision import notify, reloading
from kokoro_wyoming.turns import TurnThread
from kokoro_wyoming.watch import Watch

_LOGGER = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0
"""For tasks to end after they were cancelled, and for the model thread to end its turn."""
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_REFUSALS_AT_ONCE = 32
"""Clients that are told why they are not let in; of more than these the connection is closed without a word."""
_FOR_THE_NEXT_START = {"server": ("uri",), "model": (), "folders": (), "discovery": ()}
"""Settings that a running server keeps: of a section the named ones, or all."""

Prerendering = Callable[[], Coroutine[None, None, None]]
"""The work of filling a cache beforehand."""


def serve(config: Config, reread: Callable[[], Config] | None = None) -> int:
    """Serve until a signal ends it; the exit status. Raises KokoroWyomingError when it cannot start.

    `reread` reads the settings anew at SIGHUP; without it only the voices are.
    """
    if config.model.threads:
        torch.set_num_threads(config.model.threads)
    thread = TurnThread()
    server = Server(config, thread, reread)
    asyncio.run(server.run())
    status = 1 if server.hopeless else 0
    if not thread.close(_CLOSE_SECONDS):
        # A turn is still under way inside torch: the interpreter must not be torn down under it.
        logging.shutdown()
        os._exit(status)
    return status


class Server:
    """One server from start to stop."""

    def __init__(self, config: Config, thread: TurnThread, reread: Callable[[], Config] | None = None) -> None:
        self._config = config
        self._thread = thread
        self._reread = reread
        self._address = parse_uri(config.server.uri)
        self._manager = _manager(config, thread)
        self._door = admission.Door(_rules(config))
        self._watch = Watch(thread, config.limits.stuck_seconds)
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._refusals = 0
        self._stop = asyncio.Event()
        self._hang_up = asyncio.Event()
        self._engine: SpeechEngine | None = None
        self._prerendering: asyncio.Task[None] | None = None
        self.hopeless = False
        """It ended because the model was stuck, and not because it was told to."""
        self.uri: str | None = None
        """Where clients reach it, once it listens: with the real port where port 0 was asked for."""

    async def run(self) -> None:
        """Start, serve until told to stop, and leave nothing behind."""
        self._hear_signals()
        began = time.monotonic()
        # Bound before the model is loaded, so that a port in use is told at once; opened after.
        listener = await listening.bind(self._address, self._accept)
        try:
            self._engine, prerendering = _with_cache(await self._start_engine(), self._config)
            await self._open(listener)
            advertiser = self._advertiser(listener)
            if advertiser is not None:
                await advertiser.publish()
            self._say_ready(advertiser, time.monotonic() - began)
            notify("READY=1")
            self._prerender(prerendering)
            await self._live()
            notify("STOPPING=1")
            self._prerender(None)
            await self._end(listener, advertiser)
        finally:
            listener.close()
            listening.remove_socket(self._address)

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
        _LOGGER.info("%s: finishing what is being said, then stopping", signal.Signals(number).name)
        self.stop()

    async def _open(self, listener: asyncio.Server) -> None:
        try:
            await listener.start_serving()
        except OSError as error:
            raise listening.listen_error(self._address, error) from error
        if isinstance(self._address, TcpAddress):
            port = listener.sockets[0].getsockname()[1]
            self._address = TcpAddress(self._address.host, port)
        self.uri = str(self._address)

    async def _start_engine(self) -> Engine:
        """Load the model and speak a few words to nobody."""
        version = self._config.model.version
        _LOGGER.info("Loading Kokoro %s ...", version)
        notify("STATUS=Loading the model")
        await self._manager.get_model()
        engine = await self._engine_of(self._config)
        _LOGGER.info("%s runs", engine.programs()[0].description)
        await engine.warm_up()
        return engine

    async def _engine_of(self, config: Config) -> Engine:
        """An engine with the voices that there are now. Raises KokoroWyomingError."""
        version = config.model.version
        # Not on the model thread: while a server speaks, reading all voices would be a long turn.
        catalogue = await asyncio.to_thread(self._manager.catalogue)
        for name, reason in catalogue.refused.items():
            _LOGGER.warning("The voice %s is not offered: %s", name, reason)
        for tag, missing in installed_languages(version).items():
            if missing is not None:
                _LOGGER.warning("%s is not offered: %s", tag, missing)
        if not catalogue.voices:
            raise AssetError(f"There are no voices in {catalogue.folder}; run `kokoro-wyoming fetch`.")
        store = assets.Store(models=config.folders.models, voices=config.folders.voices)
        return Engine(
            self._manager,
            catalogue,
            weights=assets.weights_source(store, version) or "unknown weights",
            language=config.speech.language,
            voice=config.speech.voice,
            voices=config.speech.voices,
            speed=config.speech.speed,
            max_utterances=config.limits.waiting_utterances,
            stuck_seconds=config.limits.stuck_seconds,
        )

    def _prerender(self, work: Prerendering | None) -> None:
        """Give up what is being made beforehand, and begin with this instead."""
        if self._prerendering is not None:
            self._prerendering.cancel()
        self._prerendering = asyncio.create_task(work()) if work is not None else None

    def _advertiser(self, listener: asyncio.Server) -> Advertiser | None:
        discovery = self._config.discovery
        if not discovery.enabled or not isinstance(self._address, TcpAddress):
            return None
        return Advertiser(
            discovery.name,
            self._address.port,
            listening_hosts(listener.sockets),
            discovery.advertise_host,
            discovery.interfaces,
        )

    def _say_ready(self, advertiser: Advertiser | None, seconds: float) -> None:
        _LOGGER.info("Ready after %.1f s: %s at %s", seconds, _voices_of(self._engine_or_raise()), self.uri)
        if isinstance(self._address, TcpAddress):
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
        await asyncio.wait((stop, stuck), return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, reloads, stuck):
            task.cancel()
        self.hopeless = not self._stop.is_set()
        if self.hopeless:
            _LOGGER.critical("The model is stuck for good: ending, to be started anew by whoever watches over this.")

    async def _reload_at_each_hang_up(self) -> None:
        self._hang_up.clear()  # one before this found the settings fresh
        while await self._hang_up.wait():
            self._hang_up.clear()
            reloading()
            try:
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
        engine, prerendering = _with_cache(await self._engine_of(config), config)
        self._manager.forget_voices()
        self._config, self._engine = config, engine
        self._prerender(prerendering)
        self._door.rules = _rules(config)
        self._watch.stuck_seconds = config.limits.stuck_seconds
        logging.getLogger(__package__).setLevel(config.server.log_level.upper())
        for session in self._sessions.values():
            session.change(engine, config.speech.volume)
        _LOGGER.info("SIGHUP: settings and voices are read anew; there are %s", _voices_of(engine))
        if kept:
            _LOGGER.warning("What has changed in %s takes effect at the next start.", " and ".join(kept))

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

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, share: admission.Share
    ) -> None:
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
            share=share,
            clause_first=_speaks_clause_first(self._config),
        )
        task = asyncio.current_task()
        assert task is not None
        self._sessions[task] = session
        try:
            await session.run()
        finally:
            del self._sessions[task]

    def _engine_or_raise(self) -> SpeechEngine:
        if self._engine is None:
            raise RuntimeError("the port was opened before the engine was ready")
        return self._engine

    # Death

    async def _end(self, listener: asyncio.Server, advertiser: Advertiser | None) -> None:
        if advertiser is not None:
            await advertiser.unpublish()
        listener.close()
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


def _manager(config: Config, thread: TurnThread) -> ModelManager:
    return ModelManager(
        config.folders.models,
        config.folders.voices,
        default_version=config.model.version,
        device=config.model.device,
        stream=config.model.stream,
        thread=thread,
    )


def _with_cache(engine: Engine, config: Config) -> tuple[SpeechEngine, Prerendering | None]:
    """The engine behind a new, empty cache, if one is wanted; and what is to be made beforehand.

    Voices that were read anew may sound otherwise under the same names, so a cache never outlives its engine.
    """
    cache_bytes = round(config.cache.megabytes * 1_000_000)
    if not cache_bytes:
        return engine, None
    weights = "; ".join(program.description for program in engine.programs())
    cached = CachedEngine(engine, AudioCache(cache_bytes), weights=weights)
    asked = [(one.text, VoiceRequest(one.voice, one.language)) for one in config.prerender]
    texts = wanted(asked, cached)
    return cached, partial(prerender, cached, texts, clause_first=_speaks_clause_first(config)) if texts else None


def _speaks_clause_first(config: Config) -> bool:
    """Whether a long first sentence is cut at its first clause: not where whole sentences are wanted."""
    return config.model.stream == "fast"


def _rules(config: Config) -> admission.Rules:
    limits = config.limits
    per_address = (limits.connections_per_address, limits.waiting_utterances_per_address)
    return admission.rules(config.server.allow, limits.connections, *per_address)


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
