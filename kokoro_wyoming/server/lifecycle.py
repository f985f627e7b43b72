"""Starts, runs and stops the server: load, warm up, listen, publish; reload; unpublish, drain, close."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kokoro_wyoming.config import Config, TcpAddress, parse_uri
from kokoro_wyoming.config.options import api_key
from kokoro_wyoming.errors import KokoroWyomingError, PeerError
from kokoro_wyoming.protocols.admission import Admission
from kokoro_wyoming.protocols.wyoming.server import WyomingServer
from kokoro_wyoming.releases import DEFAULT_VERSION, DEPRECATION_NOTICE, is_older
from kokoro_wyoming.scheduler import ModelThread, on_own_thread
from kokoro_wyoming.server.agent import Agent
from kokoro_wyoming.server.discovery import Advertiser, listening_hosts, networks_near
from kokoro_wyoming.server.listener import Listener, ListenError, bind
from kokoro_wyoming.server.options import applicable, rules, wire_limits, wishes
from kokoro_wyoming.server.startup import Prerendering, RunningEngine, State, manager_of, speech_options, start_engine
from kokoro_wyoming.server.systemd import notify, reloading
from kokoro_wyoming.server.watchdog import Watchdog
from kokoro_wyoming.utterances.interface import SpeechEngine
from kokoro_wyoming.utterances.service import SpeechService
from kokoro_wyoming.voices.catalogue import Catalogue

if TYPE_CHECKING:
    from kokoro_wyoming.server.http_face import HttpFace

_LOGGER = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0
"""Longest wait for tasks that were cancelled."""
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


Tell = Callable[[int], Coroutine[None, None, None]]
"""Is told the port once clients are accepted, and is cancelled when the server stops."""


@dataclass
class _Serving:
    """What serves clients, once the model is loaded."""

    running: RunningEngine
    """Replaced at each reload."""
    service: SpeechService
    wyoming: WyomingServer


class Server:
    """One server from start to stop."""

    def __init__(
        self,
        config: Config,
        thread: ModelThread,
        reread: Callable[[], Config] | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._config = config
        self._thread = thread
        self._reread = reread
        self._tell = tell
        self._address = parse_uri(config.server.uri)
        self._manager = manager_of(config, thread)
        self._admission = Admission(rules(config), networks_near)
        self._watchdog = Watchdog(thread, config.limits.stuck_seconds)
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._hang_up = asyncio.Event()
        self._listener: Listener | None = None
        self.http: HttpFace | None = None
        """None where the settings ask for none."""
        self.agent: Agent | None = None
        """None where no balancer asks."""
        self._advertiser: Advertiser | None = None
        self._serving: _Serving | None = None
        """None until the model is loaded."""
        self._changing = asyncio.Lock()
        """Held while voices are changed: an older list of voices must not replace a newer one."""
        self._prerendering: asyncio.Task[None] | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._publishing: asyncio.Task[None] | None = None
        self.ready = False
        """Whether the start is complete. A signal before that stops the server at once."""
        self.hopeless = False
        """Whether the server ended because the model was stuck."""
        self.uri: str | None = None
        """The address for clients, with the real port where the settings ask for port 0; None until it listens."""

    async def run(self) -> None:
        """Start, serve until told to stop, and close everything."""
        self._handle_signals()
        try:
            serving = await self._start_unless_stopped()
            if serving is not None:
                await self._serve_until_stopped(serving)
            notify("STOPPING=1")
            for task in (self._preparing, self._telling, self._publishing):
                if task is not None:
                    task.cancel()
            self._restart_prerendering(None)
            await self._end_unless_stuck()
        finally:
            for listener in (self.http, self._listener, self.agent):
                if listener is not None:
                    listener.close()

    def stop(self) -> None:
        """End the server as a signal would. A second time balancers are given no more time to notice."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    # Start

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        # Only the main thread may handle signals. On another thread the server is stopped by `stop`.
        with contextlib.suppress(RuntimeError, ValueError):
            for number in _STOP_SIGNALS:
                loop.add_signal_handler(number, self._signalled, number)
            loop.add_signal_handler(signal.SIGHUP, self._hang_up.set)

    def _signalled(self, number: signal.Signals) -> None:
        what = "finishing the current utterances, then stopping" if self.uri else "stopping at once"
        _LOGGER.info("%s: %s", signal.Signals(number).name, what)
        self.stop()

    async def _start_unless_stopped(self) -> _Serving | None:
        """Start; None if the server is told to stop before the start is complete."""
        starting = asyncio.ensure_future(self._start())
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((starting, stop), return_when=asyncio.FIRST_COMPLETED)
            return starting.result() if starting.done() else None
        finally:
            for task in (starting, stop):
                task.cancel()
            await asyncio.wait((starting, stop), timeout=_CLOSE_SECONDS)

    async def _start(self) -> _Serving:
        began_at_seconds = time.monotonic()
        # The port is bound before the model is loaded, so that a port in use is reported at once. It is opened after.
        self._listener = await bind(self._address, self._accept)
        if self._config.server.agent_uri is not None:
            self.agent = await Agent.bound(self._config.server.agent_uri, self._state, self._admission)
        self.http = await _http_face(self._config, self._state)
        announced = wishes(self._config)
        running = await self._start_engine()
        service = SpeechService(
            running.engine, speech_options(self._config), self.http.metrics.observe if self.http else None
        )
        serving = _Serving(running, service, WyomingServer(service, self._admission, wire_limits(self._config)))
        prerendering = running.prerendering()
        self._serving = serving
        await self._listener.open()
        if self.http is not None:
            await self.http.open(self._config, service, self._admission, announced)
        self._address = self._listener.address
        self.uri = str(self._address)
        self._advertiser = self._new_advertiser(self._listener)
        if self.agent is not None:
            await self.agent.open()
        self._log_ready(self._listener, running.engine, time.monotonic() - began_at_seconds)
        gc.enable()  # off since `cli/serve`
        self.ready = True
        notify("READY=1", "STATUS=Ready")
        self._publishing = asyncio.create_task(self._publish())
        self._preparing = asyncio.create_task(_prepare_languages(running))
        if self._tell is not None and isinstance(self._address, TcpAddress):
            self._telling = asyncio.create_task(self._tell(self._address.port))
        self._restart_prerendering(prerendering)
        return serving

    async def _start_engine(self) -> RunningEngine:
        """Load the model, and speak a few words that nobody hears."""
        model = self._config.model
        _LOGGER.info("Loading Kokoro %s ...", model.version)
        if is_older(model.version) and model.deprecation_notice:
            _LOGGER.warning(DEPRECATION_NOTICE, model.version, DEFAULT_VERSION)
        notify("STATUS=Loading the model")
        running = await start_engine(self._config, self._manager)
        await running.inner.load()
        for program in running.inner.programs():
            _LOGGER.info("%s runs", program.description)
        return running

    def _state(self) -> State:
        """What the metrics tell of this moment."""
        serving = self._serving
        if serving is None:
            return State()
        is_ready = self.ready and not self._stop.is_set() and serving.service.trouble() is None
        connections = {"wyoming": serving.wyoming.connections, "http": self.http.connections if self.http else 0}
        return State(connections, is_ready, self._stop.is_set(), serving.running)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._serving is not None, "the port is opened after the model is loaded"
        await self._serving.wyoming.accept(reader, writer)

    def _restart_prerendering(self, work: Prerendering | None) -> None:
        """Cancel the prerendering that is under way, and start this one."""
        if self._prerendering is not None:
            self._prerendering.cancel()
        self._prerendering = asyncio.create_task(work()) if work is not None else None

    def _new_advertiser(self, listener: Listener) -> Advertiser | None:
        discovery = self._config.discovery
        if not discovery.enabled or not isinstance(self._address, TcpAddress):
            return None
        return Advertiser(
            discovery.name,
            discovery.advertise_port or self._address.port,
            listening_hosts(listener.sockets),
            discovery.advertise_host,
            discovery.interfaces,
        )

    async def _publish(self) -> None:
        """Announce the server, which takes a second, and tell people where they find it."""
        if self._advertiser is not None:
            await self._advertiser.publish()
        if isinstance(self._address, TcpAddress) and self._tell is None:
            advertiser = self._advertiser
            found = f"choose the discovered {advertiser.name!r}, or " if advertiser and advertiser.advertised else ""
            _LOGGER.info(
                "In Home Assistant: Settings > Devices & services: %sAdd integration > Wyoming Protocol, this "
                "machine's address, port %d. Then Settings > Voice assistants: text-to-speech.",
                found,
                self._address.port,
            )

    def _log_ready(self, listener: Listener, engine: SpeechEngine, seconds: float) -> None:
        where = " and ".join(listener.places)
        page = f"; hear them at {self.http.page}" if self.http and self.http.page and self._tell is None else ""
        _LOGGER.info("Ready after %.1f s: %s at %s%s", seconds, _voices_of(engine), where, page)

    # While it runs

    async def _serve_until_stopped(self, serving: _Serving) -> None:
        """Serve until told to stop, or until the model is stuck for good."""
        stop = asyncio.ensure_future(self._stop.wait())
        stuck = asyncio.ensure_future(self._watchdog.until_hopeless())
        reloads = asyncio.ensure_future(self._reload_at_each_hang_up(serving))
        follows = asyncio.ensure_future(self._follow_folders(serving))
        await asyncio.wait((stop, stuck), return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, reloads, follows, stuck):
            task.cancel()
        self.hopeless = not self._stop.is_set()
        if self.hopeless:
            _LOGGER.critical("The model is stuck for good: the server ends, so that its supervisor starts it anew.")

    async def _reload_at_each_hang_up(self, serving: _Serving) -> None:
        while await self._hang_up.wait():
            self._hang_up.clear()
            reloading()
            try:
                async with self._changing:
                    await self._reload(serving)
            except KokoroWyomingError as error:
                _LOGGER.error("SIGHUP: the settings and voices stay as they were: %s", error)
            except Exception:
                _LOGGER.exception("SIGHUP: the settings and voices stay as they were")
            notify("READY=1")

    async def _reload(self, serving: _Serving) -> None:
        """Read settings and voices anew, and use them from the next utterance on. Raises KokoroWyomingError."""
        wanted = await asyncio.to_thread(self._reread) if self._reread else self._config
        config, kept = applicable(wanted, self._config)
        running = await start_engine(config, self._manager)
        prerendering = running.prerendering()
        key, announced = api_key(config), wishes(config)
        self._manager.forget_voices()
        self._config, serving.running = config, running
        self._restart_prerendering(prerendering)
        self._admission.rules = rules(config)
        self._watchdog.stuck_seconds = config.limits.stuck_seconds
        logging.getLogger("kokoro_wyoming").setLevel(config.server.log_level.upper())
        serving.service.change(running.engine, speech_options(config))
        serving.wyoming.limits = wire_limits(config)
        if self.http is not None:
            self.http.change(config, key, announced)
        _LOGGER.info("SIGHUP: settings and voices are read anew; there are %s", _voices_of(running.engine))
        if kept:
            _LOGGER.warning("What has changed in %s takes effect at the next start.", " and ".join(kept))

    async def _follow_folders(self, serving: _Serving) -> None:
        """Offer voices and releases that come while the server runs, and no longer those that go."""
        try:
            async for _ in self._manager.folders.changes():
                async with self._changing:
                    # The folders are read again, because a reload may have been first.
                    await self._offer(serving, await on_own_thread(self._manager.folders.catalogues))
        except Exception:
            _LOGGER.exception("New voices are not noticed any more before the next start")

    async def _offer(self, serving: _Serving, catalogues: Sequence[Catalogue]) -> None:
        self._restart_prerendering(None)
        await serving.running.update(catalogues)
        self._manager.forget_voices()
        try:
            self._restart_prerendering(serving.running.prerendering())
        except PeerError as error:
            _LOGGER.warning("prerender: no text is prerendered any more: %s", error)

    # End

    async def _end_unless_stuck(self) -> None:
        """End, and wait no longer for speech once the model is stuck for good: what is finished may take an hour."""
        ending = asyncio.ensure_future(self._end())
        watching = asyncio.ensure_future(self._watchdog.until_hopeless())
        await asyncio.wait((ending,) if self.hopeless else (ending, watching), return_when=asyncio.FIRST_COMPLETED)
        for task in (ending, watching):
            task.cancel()
        await asyncio.wait((ending, watching), timeout=_CLOSE_SECONDS)

    async def _end(self) -> None:
        if self._advertiser is not None:
            await self._advertiser.unpublish()
        if self._serving is not None and self.ready:
            await self._give_notice(self._serving.service)
        if self._listener is not None:
            await self._listener.finish()
        seconds = self._config.server.drain_seconds
        faces = (self._serving.wyoming if self._serving else None, self.http)
        await asyncio.gather(*(face.drain(seconds) for face in faces if face is not None))
        if self.http is not None:
            await self.http.finish()

    async def _give_notice(self, service: SpeechService) -> None:
        """Tell balancers that this server is about to stop, while it still accepts who comes."""
        service.stopping = True
        seconds = self._config.server.drain_notice_seconds
        if seconds and not self.hopeless:
            _LOGGER.info("Balancers are told for %g s that this server stops", seconds)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), seconds)


async def _prepare_languages(running: RunningEngine) -> None:
    """Prepare every language that is offered. Without it they are spoken too, the first time later."""
    try:
        await running.inner.prepare_languages()
    except Exception:
        _LOGGER.exception("Not every language is prepared; the first utterance in one may take longer to begin")


async def _http_face(config: Config, state: Callable[[], State]) -> HttpFace | None:
    """The HTTP face with its port bound; None where the settings ask for none or the port cannot be had."""
    if config.http.uri is None:
        return None
    from kokoro_wyoming.server.http_face import HttpFace  # aiohttp and the metrics take 34 MB

    try:
        return await HttpFace.bound(config, state)
    except ListenError as error:
        _LOGGER.warning("There is no page and no HTTP API: %s", error)
        return None


def _voices_of(engine: SpeechEngine) -> str:
    voices = engine.programs()[0].voices
    languages = {language for voice in voices for language in voice.languages}
    return f"{len(voices)} voices in {len(languages)} languages"
