"""The text of an utterance while the client sends it: what has come, and the next sentence in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from kokoro_wyoming.text.sentences import Pause, Sentence
from kokoro_wyoming.text.text_stream import TextStream

_SLICE_CHARS = 50
"""Characters that are split in one step. A step takes 0.2 ms, and 2 ms where a text is made to take long."""


class IncomingText:
    """Takes the text that a client sends, and gives its sentences one by one.

    The text is split only when the next sentence is wanted. To split the longest text takes most of a second: no other
    client should wait for that, and it is lost work when the listener leaves early. A text without a sentence, such as
    nothing but markup, is split in slices, and other clients have their turn after each slice.
    """

    def __init__(self, stream: TextStream, quiet_seconds: float | None = None) -> None:
        """Where a complete sentence stands at the end of the text, and no text comes for `quiet_seconds`, the sentence
        is given. With None it waits for more text."""
        self._stream = stream
        self._quiet_seconds = quiet_seconds
        self._arrivals: asyncio.Queue[tuple[float, str | None]] = asyncio.Queue()
        """Text and the monotonic time when it came; None ends it."""
        self._arrived_at_seconds = 0.0
        """Monotonic time when the text that was taken last had come."""
        self._slices: Iterator[str] = iter(())
        """The slices of the text that was taken last, without those that are split already."""
        self._sentences: Iterator[Sentence | Pause] = iter(())
        self._is_complete = False
        """Whether all text was taken."""
        self.is_cancelled = False
        """Whether the rest is not wanted."""
        self.sayable_at_seconds = 0.0
        """Monotonic time when all text of the first sentence had come; 0 before."""

    @property
    def begins_paragraph(self) -> bool:
        """Whether an empty line stood before the sentence that was given last."""
        return self._stream.begins_paragraph

    def add(self, text: str) -> None:
        """More text has come."""
        if text:
            self._arrivals.put_nowait((time.monotonic(), text))

    def finish(self) -> None:
        """All text has come."""
        self._arrivals.put_nowait((time.monotonic(), None))

    def cancel(self) -> None:
        """Give no more sentences."""
        self.is_cancelled = True
        self.finish()

    async def next_sentence(self) -> Sentence | Pause | None:
        """The next sentence or pause as soon as it is certain; None after the last, or once cancelled.

        Raises PeerError where the text's markup is wrong.
        """
        while not self.is_cancelled:
            sentence = next(self._sentences, None)
            if sentence is not None:
                if isinstance(sentence, Sentence):
                    self._note_sayable()
                return sentence
            if self._is_complete:
                return None
            await self._take_text()
        return None

    async def _take_text(self) -> None:
        """Take the next text; or the sentence that is complete so far, once no text has come for a while."""
        text = next(self._slices, None)
        if text is not None:
            await asyncio.sleep(0)
            self._sentences = self._stream.add(text)
            return
        try:
            self._arrived_at_seconds, text = await self._arrival()
        except asyncio.TimeoutError:
            self._sentences = self._stream.settle()
            return
        if text is None:
            self._is_complete, self._sentences = True, self._stream.finish()
        else:
            self._slices = (text[at : at + _SLICE_CHARS] for at in range(0, len(text), _SLICE_CHARS))

    async def _arrival(self) -> tuple[float, str | None]:
        """The next text and when it came.

        Raises TimeoutError where a sentence is complete and no text comes for `quiet_seconds`.
        """
        if not self._stream.is_complete:
            return await self._arrivals.get()
        self._note_sayable()
        if self._quiet_seconds is None:
            return await self._arrivals.get()
        until_seconds = self._arrived_at_seconds + self._quiet_seconds
        # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes together with the text.
        arriving = asyncio.ensure_future(self._arrivals.get())
        try:
            await asyncio.wait((arriving,), timeout=max(0.0, until_seconds - time.monotonic()))
            if not arriving.done():
                raise asyncio.TimeoutError
            return arriving.result()
        finally:
            arriving.cancel()

    def _note_sayable(self) -> None:
        self.sayable_at_seconds = self.sayable_at_seconds or self._arrived_at_seconds
