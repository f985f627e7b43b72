"""What is spoken: one sentence of growing length, and a speech for many listeners."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = ("Anna", "Peter", "Clara", "Henry", "Laura", "Simon", "Emma", "Oscar", "Nina", "Felix", "Julia", "David")
"""Each repetition has another name in its texts, so that a cache gives a server no advantage."""


@dataclass(frozen=True)
class Text:
    """A text to be spoken, named for about how long it sounds."""

    label: str
    template: str

    def spoken_to(self, repetition: int) -> str:
        """The text of one repetition, the same for every contender."""
        return self.template.format(name=NAMES[repetition % len(NAMES)])


WORD = Text("one word", "{name}.")
FEW_WORDS = Text("a few words", "{name} is home.")
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
UNMARKED = Text(
    "20 s without a comma",
    "{name} will walk along the river with the old dog until the path turns away from the water and climbs through the "
    "pine trees to the little hut where the key hangs behind the door and a note on the table tells every visitor how "
    "to light the stove and where to find the candles and which of the cups must never be used by anybody except the "
    "man who built the place with his own hands.",
)
ONE_SENTENCE = (WORD, FEW_WORDS, SECONDS_3, SECONDS_6, SECONDS_20, UNMARKED, SECONDS_30)

FOUR_SENTENCES = Text(
    "4 sentences",
    "Here is your evening, {name}. The train leaves at ten past six from platform four. Dinner with your brother "
    "is at half past seven, in the small restaurant behind the theatre. Take an umbrella, because it will rain "
    "until midnight.",
)

LISTENED = Text(
    "listened",
    "Now the news of the village, {name}. The bridge by the mill is closed until Friday, because two of its planks are "
    "broken. The library opens again on Monday morning, with a new room for the youngest readers. At the school the "
    "choir is looking for deep voices, and nobody needs to read music. The weather stays dry and rather windy.",
)
"""About 20 s for each of many listeners."""
