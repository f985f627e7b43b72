"""What is spoken: one sentence of growing length, several sentences, and text as a language model lets it out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAMES = ("Anna", "Peter", "Clara", "Henry", "Laura", "Simon", "Emma", "Oscar", "Nina", "Felix", "Julia", "David")
"""Each repetition speaks to somebody else: a server that remembers texts must not look fast by that."""


@dataclass(frozen=True)
class Text:
    """A text to be spoken whole."""

    label: str
    template: str
    sentences: int = 1

    def spoken_to(self, repetition: int) -> str:
        """The text of one repetition, the same for every contender."""
        return self.template.format(name=_name(repetition))


WORD = Text("one word", "{name}.")
SECONDS_3 = Text("3 s", "{name}, the washing machine has finished its cycle.")
SECONDS_6 = Text(
    "6 s", "{name}, the front door has now been open for ten minutes, and the hallway is slowly getting colder."
)
SECONDS_20 = Text(
    "20 s",
    "While the bread is resting under a cloth, {name}, you can wash the bowl, sweep the flour from the table, light "
    "the oven, and lay out the cups for breakfast, so that when the children come down the stairs the kitchen is warm "
    "and tidy, and nobody has to hurry, or search for a spoon, or go without a slice, before the bus arrives at the "
    "corner.",
)
SECONDS_30 = Text(
    # In one go the network takes about 26 s, 510 phonemes: plain `kokoro` makes the rest a piece of its own.
    "30 s",
    "For the long weekend in the mountains, {name}, please pack two coats, four jumpers, warm socks, the blue "
    "tent, both lamps, the small stove, a loaf of bread, some cheese, nine plums, a jar of jam, the old map, a "
    "whistle, three spoons, one sharp knife, and, as the nights are cold, the white blanket, the brown cushions, "
    "and your father's hat, then close the shutters, turn off the water, lock the door, leave the key with the "
    "people next door, and meet us at noon, by the bridge, where the road, the rail, and the river cross, so that"
    " we can walk up together, before the snow comes.",
)
ONE_SENTENCE = (
    WORD,
    Text("1.5 s", "Good morning, {name}."),
    SECONDS_3,
    SECONDS_6,
    Text(
        "12 s",
        "Before you leave for work, {name}, please remember that the parcel from your sister arrives this afternoon, "
        "that the garden needs water, and that the plumber would like to be called back before four.",
    ),
    SECONDS_20,
    SECONDS_30,
)
"""From one word to what the network takes at most, named for about how long they sound."""

SEVERAL_SENTENCES = (
    Text("2 sentences", "{name}, the heating is on. It will be warm in half an hour.", 2),
    Text(
        "3 sentences",
        "{name}, there are two letters for you. One is from the bank. The other looks like an invitation, so you may "
        "want to open it first.",
        3,
    ),
    Text(
        "4 sentences",
        "Here is your evening, {name}. The train leaves at ten past six from platform four. Dinner with your brother "
        "is at half past seven, in the small restaurant behind the theatre. Take an umbrella, because it will rain "
        "until midnight.",
        4,
    ),
)

LISTENED = Text(
    "listened",
    "Now the news of the village, {name}. The bridge by the mill is closed until Friday, because two of its planks are "
    "broken. The library opens again on Monday morning, with a new room for the youngest readers. At the school the "
    "choir is looking for deep voices, and nobody needs to read music. The weather stays dry and rather windy.",
    5,
)
"""About 20 s for each of many listeners."""


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
        return self.template.format(name=_name(repetition))


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


def _name(repetition: int) -> str:
    return NAMES[repetition % len(NAMES)]
