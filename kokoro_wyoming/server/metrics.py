"""The server's numbers as Prometheus reads them: counted at the end of each utterance, or looked up at each scrape."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator

import torch
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from kokoro_wyoming import __version__
from kokoro_wyoming.server.startup import RunningEngine, State
from kokoro_wyoming.utterances.measures import Measures
from kokoro_wyoming.voices.blends import is_plain
from kokoro_wyoming.voices.descriptions import SpokenVoice

_FIRST_SOUND_SECONDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20)
_RTF = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3)
"""At 1 sound is made as quickly as it is heard."""
_WAIT_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30)

_leave_out_created: Callable[[], None] = disable_created_metrics
"""Leaves out when each series was made, as process_start_time_seconds tells enough."""


class Metrics:
    """All metrics of one server, in a registry of their own."""

    def __init__(self, look: Callable[[], State]) -> None:
        """`look` gives the state at each scrape; it must be quick."""
        _leave_out_created()
        self._registry = registry = CollectorRegistry()
        labels = ("voice", "release", "face", "outcome")
        what = "Utterances that ended, by their main voice; all blends are one"
        self._utterances = Counter("kokoro_utterances", what, labels, registry=registry)
        what = "From the complete first sentence to the first sound"
        self._first_sound = Histogram(
            "kokoro_first_sound_seconds", what, buckets=_FIRST_SOUND_SECONDS, registry=registry
        )
        what = "Seconds the model worked for a second of sound, by utterance; without sentences from the cache"
        self._rtf = Histogram("kokoro_rtf", what, buckets=_RTF, registry=registry)
        what = "From an utterance's first wish for a turn of the model to that turn"
        self._queue_wait = Histogram("kokoro_queue_wait_seconds", what, buckets=_WAIT_SECONDS, registry=registry)
        what = "Characters of the sentences that were spoken"
        self._characters = Counter("kokoro_characters", what, registry=registry)
        what = "Length of the sound that clients were given"
        self._sound_seconds = Counter("kokoro_sound_seconds", what, registry=registry)
        what = "Silences that a listener heard because the model was late"
        self._gaps = Counter("kokoro_gaps", what, registry=registry)
        what = "Length of these silences"
        self._gap_seconds = Counter("kokoro_gap_seconds", what, registry=registry)
        registry.register(_StateCollector(look))
        ProcessCollector(registry=registry)

    def observe(self, measures: Measures) -> None:
        """Count an utterance that has ended."""
        voice, release = _labels(measures.voice)
        self._utterances.labels(voice, release, measures.face, measures.outcome).inc()
        _observe(self._first_sound, measures.first_sound_seconds)
        _observe(self._rtf, measures.rtf)
        _observe(self._queue_wait, measures.queue_wait_seconds)
        self._characters.inc(measures.characters)
        self._sound_seconds.inc(measures.sound_seconds)
        self._gaps.inc(measures.gaps)
        self._gap_seconds.inc(measures.gap_seconds)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics as a scrape gets them, and their content type.

        `accept` is the request's header of that name: OpenMetrics for who asks for it, else the usual text.
        """
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _StateCollector(Collector):
    """Reads the state at each scrape."""

    def __init__(self, look: Callable[[], State]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        state = self._look()
        connections = GaugeMetricFamily("kokoro_connections", "Open connections", labels=["face"])
        for face, number in state.connections.items():
            connections.add_metric([face], number)
        yield connections
        yield GaugeMetricFamily("kokoro_ready", "Whether it would speak now: 1 or 0", value=state.is_ready)
        running = state.running
        listeners = running.inner.listeners if running else 0
        yield GaugeMetricFamily("kokoro_listeners", "Utterances that are being spoken or wait", value=listeners)
        what = "Part of the machine's time that all listeners need; at 1 it can make no more"
        yield GaugeMetricFamily("kokoro_load", what, value=running.load if running else 0)
        cache = running.cache if running else None
        held_bytes, sentences = (cache.held_bytes, len(cache)) if cache is not None else (0, 0)
        yield GaugeMetricFamily("kokoro_cache_bytes", "Memory of the cached sentences", value=held_bytes)
        yield GaugeMetricFamily("kokoro_cache_sentences", "Sentences in the cache", value=sentences)
        hits, misses = (cache.hits, cache.misses) if cache is not None else (0, 0)
        yield CounterMetricFamily("kokoro_cache_hits", "Sentences that the cache had", value=hits)
        yield CounterMetricFamily("kokoro_cache_misses", "Sentences that the cache did not have", value=misses)
        if running:
            yield InfoMetricFamily("kokoro", "What runs", value=_info(running))


def _observe(histogram: Histogram, value: float | None) -> None:
    if value is not None:
        histogram.observe(value)


def _labels(voice: SpokenVoice | None) -> tuple[str, str]:
    """Voice and release: few values, whatever clients ask for."""
    if voice is None:
        return "", ""
    return voice.name if is_plain(voice.name) else "blend", voice.version


def _info(running: RunningEngine) -> dict[str, str]:
    release = running.config.model.version
    return {
        "version": __version__,
        "release": release,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "weights": running.weights.get(release, ""),
    }
