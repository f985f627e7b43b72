"""More to be spoken: other lengths, several sentences, and text as a language model lets it out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kokoro_wyoming.bench.texts import (
    FEW_WORDS,
    FOUR_SENTENCES,
    NAMES,
    SECONDS_3,
    SECONDS_6,
    SECONDS_20,
    SECONDS_30,
    UNMARKED,
    WORD,
    Text,
)

ONE_SENTENCE = (
    WORD,
    FEW_WORDS,
    SECONDS_3,
    SECONDS_6,
    Text(
        "12 s",
        "Before you leave for work, {name}, please remember that the parcel from your sister arrives this afternoon, "
        "that the garden needs water, and that the plumber would like to be called back before four.",
    ),
    SECONDS_20,
    UNMARKED,
    SECONDS_30,
)
"""From one word to what the network takes at most."""

SEVERAL_SENTENCES = (
    Text("2 sentences", "{name}, the heating is on. It will be warm in half an hour."),
    Text(
        "3 sentences",
        "{name}, there are two letters for you. One is from the bank. The other looks like an invitation, so you may "
        "want to open it first.",
    ),
    FOUR_SENTENCES,
)


@dataclass(frozen=True)
class StreamedText:
    """A text that arrives in pieces."""

    label: str
    template: str
    """The bar marks where the text first is complete enough to speak."""

    def deltas(self, repetition: int) -> list[str]:
        """The pieces in order: parts of words, as models make them."""
        return _DELTA.findall(self._whole(repetition).replace("|", ""))

    def speakable_after(self, repetition: int) -> int:
        """How many deltas have come when the text is complete enough to speak."""
        wanted_chars = self._whole(repetition).index("|")
        come_chars = 0
        for count, delta in enumerate(self.deltas(repetition), 1):
            come_chars += len(delta)
            if come_chars >= wanted_chars:
                return count
        raise ValueError(f"the mark of {self.label!r} lies outside its text")

    def _whole(self, repetition: int) -> str:
        return self.template.format(name=NAMES[repetition % len(NAMES)])


STREAMED = (
    StreamedText(
        "short sentence first",
        "Of course, {name}, the lamps are off.| The kitchen window is still open, though, and it is going to rain "
        "within the hour. If you are not at home, you could ask your neighbour to close it. Shall I tell her?",
    ),
    StreamedText(
        "long sentence, first clause",
        "Since it is going to rain from three o'clock until late in the evening,| {name}, I would take the tram to the "
        "museum in the morning, have lunch in the old market hall, where they serve a good soup, and keep the walk "
        "along the river for tomorrow. The tickets are cheaper then, too.",
    ),
)

_DELTA = re.compile(r" ?\w{1,6}|\W")
_BURSTS = (1, 4, 2, 6, 3, 5)
_PAUSES_SECONDS = (0.1, 0.2, 0.05, 0.25, 0.15)
"""Together 3.5 deltas each 0.15 s: a model of about 23 tokens a second, uneven as it comes through a network."""


def bursts(deltas: list[str]) -> Iterator[tuple[list[str], float]]:
    """Deltas that come at once, and the seconds of silence after them."""
    at = turn = 0
    while at < len(deltas):
        size = _BURSTS[turn % len(_BURSTS)]
        yield deltas[at : at + size], _PAUSES_SECONDS[turn % len(_PAUSES_SECONDS)]
        at, turn = at + size, turn + 1
