"""Has the releases speak for many listeners in turns, each with the voice that `selection` chose."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kokoro_wyoming.audio.pcm import seconds_of
from kokoro_wyoming.audio.word_times import Clock
from kokoro_wyoming.engine.model_manager import ModelManager
from kokoro_wyoming.errors import BusyError, StuckError
from kokoro_wyoming.network.inference import OutputOptions
from kokoro_wyoming.network.memory import let_code_go, trim_heap
from kokoro_wyoming.pronunciation.pronounce import AS_USUAL, ReadingOptions
from kokoro_wyoming.pronunciation.readings import Reading
from kokoro_wyoming.releases import described, is_described
from kokoro_wyoming.scheduler import on_own_thread
from kokoro_wyoming.scheduler.listener import Listener
from kokoro_wyoming.text.sentences import Sentence, plain
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.descriptions import ProgramDescription, SpokenVoice, VoiceOptions, VoiceRequest
from kokoro_wyoming.voices.loudness import VoiceLoudness
from kokoro_wyoming.voices.packs import PinnedPacks
from kokoro_wyoming.voices.selection import VoiceSelector

if TYPE_CHECKING:
    from kokoro_wyoming.builds.release import Release

_LOGGER = logging.getLogger(__name__)

_HOPELESS_SECONDS = 20.0
"""A new utterance is refused while a listener has waited so long for the first sound."""

_IDLE_SECONDS = 30.0
"""Memory that speech has used is given back when nobody has spoken for this long. Taking it again costs the next answer
0.07 s, so a conversation keeps it.
"""

_AGAIN_SECONDS = 300.0
"""What other programs disturbed is measured again so much later."""


class Engine:
    """The voices of one `ModelManager`, for every session at once."""

    def __init__(
        self,
        manager: ModelManager,
        catalogues: Sequence[Catalogue],
        *,
        weights: Mapping[str, str],
        choices: VoiceOptions | None = None,
        reading: ReadingOptions = AS_USUAL,
        cuts_silence: bool = True,
        max_utterances: int = 64,
        stuck_seconds: float = 60.0,
    ) -> None:
        """`catalogues` are those of the installed releases, the default one first; `weights` names the weights of each.

        `choices` are the owner's voices, `reading` how the owner wants words to be read. With `cuts_silence`, silence
        around a sentence is not made, as it would only be cut off. At most `max_utterances` wait or are spoken at a
        time; a turn of the model thread that takes `stuck_seconds` is trouble. Raises UnknownVoiceError and its like
        when a voice that the owner chose is not there: better refused at the start than at the first word.
        """
        self.manager = manager
        self.reading = reading
        self.cuts_silence = cuts_silence
        self.loudness = VoiceLoudness()
        self._choices = choices or VoiceOptions()
        self._max_utterances = max_utterances
        self._stuck_seconds = stuck_seconds
        self._utterances = 0
        self._tidying: asyncio.TimerHandle | None = None
        self._letting_go: asyncio.Future[None] | None = None
        self._resting: asyncio.Future[None] | None = None
        self._selector = VoiceSelector(catalogues, weights, self._choices)
        self._selector.check()
        self._warn_of_refused({})

    def update(self, catalogues: Sequence[Catalogue], weights: Mapping[str, str]) -> None:
        """Offer other voices from now on; what is being said is said to its end."""
        before, self._selector = self._selector, VoiceSelector(catalogues, weights, self._choices)
        # Not emptied but replaced: an utterance that began before the change still learns of the earlier voices.
        self.loudness = VoiceLoudness()
        self._warn_of_refused(before.refused)

    def _warn_of_refused(self, known: Mapping[str, str]) -> None:
        for name, reason in self._selector.refused.items():
            if known.get(name) != reason:
                _LOGGER.warning("The voice %s of your own is not offered: %s", name, reason)

    def programs(self) -> tuple[ProgramDescription, ...]:
        """What describe offers, the default program first."""
        return self._selector.programs

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        """Choose voice, language and release for a request; see `VoiceSelector.resolve`."""
        voice = self._selector.resolve(request, program)
        return replace(voice, loudness_lufs=self.loudness.of(voice.version, voice.name))

    @property
    def listeners(self) -> int:
        """Utterances that are being spoken or wait."""
        return self._utterances

    def utterance(self, *, patient: bool = False, fetched: bool = False) -> EngineUtterance:
        """Take a place for one utterance; BusyError when all are taken, StuckError while nothing is spoken.

        A patient one takes no place, and is spoken in turns that no listener wants. A fetched one waits for those
        whose sound is heard as it comes.
        """
        trouble = self.trouble()
        if trouble is not None:
            raise StuckError(f"Nothing can be spoken: {trouble}.")
        if patient:
            return EngineUtterance(self, Listener(due=math.inf), lambda: None)
        if self._utterances >= self._max_utterances:
            raise BusyError(f"{self._utterances} utterances are already being spoken or waiting; try again later.")
        waited_seconds = self.manager.thread.longest_wait_seconds
        if waited_seconds > _HOPELESS_SECONDS:
            raise BusyError(f"Somebody waits for their first word for {waited_seconds:.0f} s already; try again later.")
        self._utterances += 1
        return EngineUtterance(self, Listener(fetches=fetched), self._leave)

    def trouble(self) -> str | None:
        """Why nothing can be spoken at present; None when all is well."""
        seconds = self.manager.thread.turn_seconds
        if seconds < self._stuck_seconds:
            return None
        return f"the model has not come back from its work for {seconds:.0f} seconds"

    async def load(self) -> None:
        """Load the default release, and speak to nobody in each language that the owner chose.

        Afterwards no listener in these languages waits for files. Raises as `ModelManager.get_model`.
        """
        chosen = [self.resolve(VoiceRequest())]
        chosen += [self.resolve(VoiceRequest(language=language)) for language in self._choices.voices]
        default = chosen[0].version
        await self.manager.get_model(default, {voice.language for voice in chosen if voice.version == default})
        for voice in dict.fromkeys(chosen):
            is_warm_soon = await self._is_warm_soon(voice)
            utterance = self.utterance()
            try:
                async with contextlib.aclosing(utterance.speak(plain(_sample(voice)), voice)) as sound:
                    async for _ in sound:
                        if is_warm_soon:
                            break
            finally:
                utterance.close()
        await self._give_back()

    async def _is_warm_soon(self, voice: SpokenVoice) -> bool:
        """Whether a first piece of sound is enough: a card records each window, and a voice's loudness is learned."""
        release = await self.manager.get_model(voice.version)
        return release.on_processor and not self.loudness.wants(voice)

    async def prepare_languages(self) -> None:
        """Read a few words in each language that is offered, so that no listener waits for a dictionary."""
        offered = dict.fromkeys(voice.languages[0] for voice in self.programs()[0].voices if voice.languages)
        for language in offered:
            voice = self.resolve(VoiceRequest(language=language))
            if is_described(voice.version) and voice.version not in self.manager.loaded():
                continue  # its listeners wait for the release itself, which nobody may ever ask for
            text = f"{_sample(voice)} 21.5 °C."
            async with self.manager.in_use(voice.version) as release:
                # Not on the model thread: a dictionary that is read there would be a long turn while listeners wait.
                await on_own_thread(partial(release.load_language, language))
                await self.manager.thread.run(partial(_read, release, text, language))
        await self._give_back()

    def _leave(self) -> None:
        self._utterances -= 1
        if self._tidying is not None:
            self._tidying.cancel()
        if not self._utterances:
            self._letting_go = asyncio.ensure_future(self.manager.let_dictionaries_go())
            self._tidying = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._tidy)

    def _tidy(self) -> None:
        if not self._utterances:
            self._resting = asyncio.ensure_future(self._rest())

    async def _rest(self) -> None:
        is_doubtful = await self.manager.measure_again()
        if not self._utterances:
            await self._give_back()
        if is_doubtful and not self._utterances:
            self._tidying = asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._tidy)

    async def _give_back(self) -> None:
        await self.manager.rest()
        await asyncio.to_thread(trim_heap)
        await asyncio.to_thread(let_code_go)


def _sample(voice: SpokenVoice) -> str:
    """A few words in the language of a voice."""
    language = described(voice.version).language(voice.language)
    return language.texts[0] if language else ""


def _read(release: Release, text: str, language: str) -> None:
    for _ in release.read(text, language):
        pass


class EngineUtterance:
    """One listener's place in the engine's queue."""

    def __init__(self, engine: Engine, listener: Listener, leave: Callable[[], None]) -> None:
        """`leave` gives the place back."""
        self._engine = engine
        self._listener = listener
        self._leave: Callable[[], None] | None = leave
        # The engine has others once voices have changed; this utterance speaks with them as they were.
        self._loudness = engine.loudness
        self._pinned: defaultdict[str, PinnedPacks] = defaultdict(dict)
        """By release."""

    async def speak(
        self, sentence: Sentence, voice: SpokenVoice, clock: Clock | None = None
    ) -> AsyncGenerator[NDArray[np.float32], None]:
        """Yield a sentence's sound as it is made: float32, shape (n_samples,), 24 kHz."""
        engine, thread = self._engine, self._engine.manager.thread
        async with engine.manager.in_use(voice.version) as release:

            def steps() -> Iterator[Tensor | None]:
                # A listener with sound in hand can wait, and where others wait less work serves all of them sooner.
                can_wait = self._listener.ahead_seconds > 0 or thread.others_wait(self._listener)
                return release.pieces(
                    sentence.runs,
                    voice.name,
                    voice.language,
                    voice.speed,
                    reading=engine.reading,
                    clock=clock,
                    output=OutputOptions(engine.cuts_silence, large_windows=can_wait),
                    pinned=self._pinned[voice.version],
                )

            sound = thread.stream(steps, listener=self._listener, seconds_of=seconds_of)
            heard: list[NDArray[np.float32]] | None = [] if self._loudness.wants(voice) else None
            async with contextlib.aclosing(sound):
                async for piece in sound:
                    samples = piece.numpy()
                    if heard is not None:
                        heard.append(samples)
                    yield samples
            if heard:
                await asyncio.to_thread(self._loudness.learn, voice, np.concatenate(heard))

    async def read(self, sentence: Sentence, voice: SpokenVoice) -> Reading:
        """How a sentence is read, found in one turn of the model thread."""
        engine, thread = self._engine, self._engine.manager.thread
        async with engine.manager.in_use(voice.version) as release:

            def steps() -> Iterator[Reading]:
                yield release.reading(sentence.runs, voice.language, engine.reading)

            async with contextlib.aclosing(thread.stream(steps, listener=self._listener)) as readings:
                return await anext(readings)

    def delivered(self, seconds: float) -> None:
        """Remember that so much sound is on its way to the listener."""
        self._listener.delivered(seconds)

    @property
    def work(self) -> Listener:
        """What the model did for this listener so far."""
        return self._listener

    def close(self) -> None:
        """Leave the queue; a second time does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()
