"""Birth and death of the server: model, warm-up, listen, publish; then unpublish, stop listening, drain, close."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from kokoro_wyoming import assets
from kokoro_wyoming.casting import Choices
from kokoro_wyoming.config import Config, TcpAddress, UnixAddress, parse_uri
from kokoro_wyoming.discovery import Advertiser, listening_hosts
from kokoro_wyoming.engine import Engine
from kokoro_wyoming.errors import AssetError, BusyError, KokoroWyomingError
from kokoro_wyoming.model_manager import ModelManager, installed_languages
from kokoro_wyoming.releases import DEFAULT_VERSION, DEPRECATION_NOTICE, how_to_get
from kokoro_wyoming.session import Session, SessionLimits, refuse
from kokoro_wyoming.turns import TurnThread
from kokoro_wyoming.voices import Catalogue

_LOGGER = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0
"""For tasks to end after they were cancelled, and for the model thread to end its turn."""
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ListenError(KokoroWyomingError):
    """The address cannot be listened on."""


def serve(config: Config) -> int:
    """Serve until a signal ends it; the exit status. Raises KokoroWyomingError when it cannot start."""
    if config.model.threads:
        torch.set_num_threads(config.model.threads)
    thread = TurnThread()
    asyncio.run(Server(config, thread).run())
    if not thread.close(_CLOSE_SECONDS):
        # A turn is still under way inside torch: the interpreter must not be torn down under it.
        logging.shutdown()
        os._exit(0)
    return 0


class Server:
    """One server from start to stop."""

    def __init__(self, config: Config, thread: TurnThread) -> None:
        self._config = config
        self._thread = thread
        self._address = parse_uri(config.server.uri)
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._stop = asyncio.Event()
        self._engine: Engine | None = None
        self._following: asyncio.Task[None] | None = None
        self.uri: str | None = None
        """Where clients reach it, once it listens: with the real port where port 0 was asked for."""

    async def run(self) -> None:
        """Start, serve until told to stop, and leave nothing behind."""
        self._hear_signals()
        began = time.monotonic()
        # Bound before the model is loaded, so that a port in use is told at once; opened after.
        listener = await self._bind()
        try:
            self._engine = await self._start_engine()
            await self._open(listener)
            advertiser = self._advertiser(listener)
            if advertiser is not None:
                await advertiser.publish()
            self._say_ready(advertiser, time.monotonic() - began)
            await self._stop.wait()
            await self._end(listener, advertiser)
        finally:
            listener.close()
            _remove_socket(self._address)

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
            loop.add_signal_handler(signal.SIGHUP, lambda: None)

    def _signalled(self, number: signal.Signals) -> None:
        _LOGGER.info("%s: finishing what is being said, then stopping", signal.Signals(number).name)
        self.stop()

    async def _bind(self) -> asyncio.Server:
        address = self._address
        try:
            if isinstance(address, TcpAddress):
                return await asyncio.start_server(
                    self._accept, address.host, address.port, start_serving=False, backlog=128
                )
            _remove_dead_socket(Path(address.path))
            return await asyncio.start_unix_server(self._accept, address.path, start_serving=False)
        except OSError as error:
            raise _listen_error(address, error) from error

    async def _open(self, listener: asyncio.Server) -> None:
        try:
            await listener.start_serving()
        except OSError as error:
            raise _listen_error(self._address, error) from error
        if isinstance(self._address, TcpAddress):
            port = listener.sockets[0].getsockname()[1]
            self._address = TcpAddress(self._address.host, port)
        self.uri = str(self._address)

    async def _start_engine(self) -> Engine:
        """Load the model and speak a few words to nobody."""
        config = self._config
        version = config.model.version
        manager = ModelManager(
            config.folders.models,
            config.folders.voices,
            default_version=version,
            device=config.model.device,
            thread=self._thread,
            release_idle_seconds=config.model.release_idle_seconds,
        )
        _LOGGER.info("Loading Kokoro %s ...", version)
        if version != DEFAULT_VERSION and config.model.deprecation_notice:
            _LOGGER.warning(DEPRECATION_NOTICE, version, DEFAULT_VERSION)
        await manager.get_model()
        catalogues = await self._thread.run(manager.catalogues)
        _tell_what_is_refused(catalogues, {})
        for tag, missing in installed_languages(version).items():
            if missing is not None:
                _LOGGER.warning("%s is not offered: %s", tag, missing)
        if not catalogues[0].voices:
            raise AssetError(f"There are no voices in {catalogues[0].folder}; run {how_to_get(version)}.")
        weights = await self._thread.run(lambda: self._weights(catalogues))
        for each, kind in weights.items():
            _LOGGER.info("Kokoro %s runs with %s", each, kind)
        engine = Engine(
            manager,
            catalogues,
            weights=weights,
            choices=Choices(
                language=config.speech.language,
                voice=config.speech.voice,
                voices=config.speech.voices,
                aliases=config.voices,
                speed=config.speech.speed,
                offer_other_release=config.speech.offer_other_release,
            ),
            max_utterances=config.limits.waiting_utterances,
        )
        await engine.warm_up()
        self._following = asyncio.create_task(self._follow_folders(manager, engine, catalogues))
        return engine

    def _weights(self, catalogues: Sequence[Catalogue]) -> dict[str, str]:
        """Which weights run, by release."""
        store = assets.Store(models=self._config.folders.models, voices=self._config.folders.voices)
        versions = [catalogue.version for catalogue in catalogues]
        return {version: assets.weights_source(store, version) or "unknown weights" for version in versions}

    async def _follow_folders(self, manager: ModelManager, engine: Engine, catalogues: Sequence[Catalogue]) -> None:
        """Offer voices and releases that come while the server runs, and no longer those that go."""
        try:
            async for found in manager.changes():
                _tell_what_is_refused(found, _refused(catalogues))
                engine.update(found, await asyncio.to_thread(self._weights, found))
                before = {voice for catalogue in catalogues for voice in catalogue.voices}
                now = {voice for catalogue in found for voice in catalogue.voices}
                _LOGGER.info("The voices have changed: %d came, %d went", len(now - before), len(before - now))
                catalogues = found
        except Exception:
            _LOGGER.exception("Voices that come from now on are not seen before the next start")

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
        program = self._engine_or_raise().programs()[0]
        languages = {language for voice in program.voices for language in voice.languages}
        counts = f"{len(program.voices)} voices in {len(languages)} languages"
        _LOGGER.info("Ready after %.1f s: %s at %s", seconds, counts, self.uri)
        if isinstance(self._address, TcpAddress):
            found = f"choose the discovered {advertiser.name!r}, or " if advertiser and advertiser.advertised else ""
            _LOGGER.info(
                "In Home Assistant: Settings > Devices & services: %sAdd integration > Wyoming Protocol, this "
                "machine's address, port %d. Then Settings > Voice assistants: text-to-speech.",
                found,
                self._address.port,
            )

    # Life

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._sessions) >= self._config.limits.connections:
            await refuse(reader, writer, BusyError("The server has too many connections; try again later."))
            return
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
        )
        task = asyncio.current_task()
        assert task is not None
        self._sessions[task] = session
        try:
            await session.run()
        finally:
            del self._sessions[task]

    def _engine_or_raise(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the port was opened before the engine was ready")
        return self._engine

    # Death

    async def _end(self, listener: asyncio.Server, advertiser: Advertiser | None) -> None:
        if advertiser is not None:
            await advertiser.unpublish()
        if self._following is not None:
            self._following.cancel()
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


def _refused(catalogues: Sequence[Catalogue]) -> dict[str, str]:
    """Of all releases: file to reason."""
    return {f"{catalogue.version}/{name}": why for catalogue in catalogues for name, why in catalogue.refused.items()}


def _tell_what_is_refused(catalogues: Sequence[Catalogue], known: Mapping[str, str]) -> None:
    for name, reason in _refused(catalogues).items():
        if known.get(name) != reason:
            _LOGGER.warning("The voice %s is not offered: %s", name, reason)


def _remove_dead_socket(path: Path) -> None:
    """A socket file that a killed server left behind; one that somebody listens on stays, and bind tells."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def _remove_socket(address: TcpAddress | UnixAddress) -> None:
    if isinstance(address, UnixAddress):
        Path(address.path).unlink(missing_ok=True)


def _listen_error(address: TcpAddress | UnixAddress, error: OSError) -> ListenError:
    reasons = {
        errno.EADDRINUSE: "another program already listens there; stop it or choose another port with --uri",
        errno.EACCES: "this user may not; choose a port above 1023 or another folder with --uri",
        errno.EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 is all of them",
        errno.EAFNOSUPPORT: "this machine has no IPv6; use tcp://0.0.0.0:10200",
    }
    reason = reasons.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
    return ListenError(f"Cannot listen on {address}: {reason}.")
