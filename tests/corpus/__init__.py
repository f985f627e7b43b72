"""What a house has to say, in nine languages: texts as clients send them, and what a person would say for each.

One YAML file per language: {class: [{id, text, said}]}. `said` is in words, never in digits, one spelling or a list
where more than one is right; without it the text itself is what is said. All of it was written for this project.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml

from kokoro_wyoming.languages import TAGS

FOLDER = Path(__file__).parent
CLASSES = ("short", "phrase", "numbers", "markup", "long", "mixed", "hard")
LONGEST_CHUNK_CHARS = 12


@dataclass(frozen=True)
class Item:
    """One text, and what a person would say."""

    id: str
    """Unique: language, class and a name, as en-US/short/done."""
    language: str
    kind: str
    """One of CLASSES."""
    text: str
    """As a client sends it."""
    said: tuple[str, ...]
    """In words; any of these is right."""

    def chunks(self, seed: int = 0) -> list[str]:
        """The text cut by lot, the same way every time for a seed, into 1 to 12 characters each."""
        dice = random.Random(f"{self.id} {seed}")
        cuts = [0]
        while cuts[-1] < len(self.text):
            cuts.append(min(len(self.text), cuts[-1] + dice.randint(1, LONGEST_CHUNK_CHARS)))
        return [self.text[begin:end] for begin, end in pairwise(cuts)]


def items(*languages: str) -> Iterator[Item]:
    """All items of these languages, or of all; ValueError where a file is not as it should be."""
    for language in languages or TAGS:
        path = FOLDER / f"{language}.yaml"
        for kind, entries in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
            for entry in entries:
                yield _item(language, kind, entry)


def _item(language: str, kind: str, entry: dict[str, object]) -> Item:
    name, text, said = entry.get("id"), entry.get("text"), entry.get("said", entry.get("text"))
    spellings = said if isinstance(said, list) else [said]
    if entry.keys() - {"id", "text", "said"} or not all(isinstance(one, str) for one in (name, text, *spellings)):
        raise ValueError(f"{language} {kind}: {entry} is not an item")
    return Item(f"{language}/{kind}/{name}", language, kind, str(text), tuple(map(str, spellings)))
