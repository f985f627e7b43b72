"""English words with one spelling and several sounds: which one is meant, from the words and tags around it.

misaki chooses among a word's sounds by its tag, which spaCy's small tagger often mistakes. `heteronyms.tsv` puts tags
right before misaki sees them, and gives misaki sounds that it does not know under tags of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

EVERY = "*"
"""In place of a word: each word that misaki says otherwise as a verb or as a noun."""
DEFAULT = "DEFAULT"
"""misaki's tag for the sound of a word under all tags that are not named."""

_BOUNDARY = (".", ".")
"""What stands before the first and after the last token, and for marks between clauses, the comma excepted."""
_BOUNDARIES = frozenset({".", ":", "``", "''", '""', "-LRB-", "-RRB-", "NFP"})
_ADVERBS = frozenset({"RB", "RBR", "RBS"})
_BEFORE_A_VERB = _ADVERBS | {"PRP", "PRP$", "DT", "NN", "NNS", "NNP", "NNPS", "JJ", "POS", "CD", "EX"}
"""Tags of a subject, which stands in a question between the auxiliary and the verb."""

_NEAR = 12
"""How many tokens away a word still tells something."""

_Token = tuple[str, str]
"""A word in small letters, and its tag."""


class Condition(NamedTuple):
    """What must be at a place for a rule to hold."""

    place: str
    """A number of tokens away (`-2`); `tag`, its own; `prev` and `next`, adverbs left out; `aux`; `near`."""
    wanted: frozenset[str]
    """Words in small letters, tags in capitals, `.` for a boundary; phrases joined by `_` for `near`."""
    is_wanted: bool


class Rule(NamedTuple):
    """The tag that words get where all conditions hold."""

    words: tuple[str, ...]
    tag: str
    conditions: tuple[Condition, ...]


class Sound(NamedTuple):
    """A sound that misaki gets for a word under a tag, in its symbols, American and British."""

    word: str
    tag: str
    american: str
    british: str


class Heteronyms(NamedTuple):
    """The table."""

    sounds: tuple[Sound, ...]
    rules: Mapping[str, tuple[Rule, ...]]


@cache
def table() -> Heteronyms:
    """`heteronyms.tsv`: `@group members`, `word tag american british`, `words tag conditions`, in this order."""
    text = files(__package__).joinpath("heteronyms.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    groups = {row[0]: row[1] for row in rows if row[0].startswith("@")}
    sounds = tuple(Sound(*row) for row in rows if len(row) == 4)
    rules: dict[str, tuple[Rule, ...]] = {}
    for words, tag, *conditions in (row for row in rows if len(row) == 3):
        rule = Rule(tuple(words.split()), tag, tuple(_conditions(conditions[0], groups)))
        for word in rule.words:
            rules[word] = (*rules.get(word, ()), rule)
    return Heteronyms(sounds, rules)


def _conditions(written: str, groups: Mapping[str, str]) -> Iterator[Condition]:
    for condition in written.split():
        if condition != "-":
            place, _, wanted = condition.partition("=")
            members = frozenset(" ".join(groups.get(one, one) for one in wanted.split("|")).split())
            yield Condition(place.rstrip("!"), members, not place.endswith("!"))


def tell_apart(g2p: Any) -> None:
    """Let misaki's English choose by the table; `g2p` is a `misaki.en.G2P` whose gold words are `Words`."""
    heteronyms, golds, silvers = table(), g2p.lexicon.golds, g2p.lexicon.silvers
    for sound in heteronyms.sounds:
        known = golds.get(sound.word) or silvers.get(sound.word)
        by_tag = known if isinstance(known, dict) else {DEFAULT: known} if known else {}
        golds.by_part[sound.word] = {**by_tag, sound.tag: sound.british if g2p.british else sound.american}
    verbs_and_nouns = {word for word, by_tag in golds.by_part.items() if by_tag.keys() & {"VERB", "NOUN"}}
    tokenize = g2p.tokenize

    def tokenize_with_sure_tags(*text: Any) -> Any:
        tokens = tokenize(*text)
        for number, tag in _tags([(_plain(token.text), token.tag) for token in tokens], tokens, verbs_and_nouns):
            tokens[number].tag = tag
        return tokens

    g2p.tokenize = tokenize_with_sure_tags


def _tags(words: Sequence[_Token], tokens: Iterable[Any], verbs_and_nouns: Set[str]) -> Iterator[tuple[int, str]]:
    """The number and the new tag of each token whose tag a rule changes."""
    rules = table().rules
    for number, (token, (word, _)) in enumerate(zip(tokens, words, strict=True)):
        of_word = rules.get(token.text) or rules.get(word) or ()
        of_all = rules[EVERY] if word in verbs_and_nouns else ()
        for rule in (*of_word, *of_all):
            if all(_holds(condition, words, number) for condition in rule.conditions):
                yield number, rule.tag
                break


def _holds(condition: Condition, words: Sequence[_Token], number: int) -> bool:
    place, wanted, is_wanted = condition
    if place == "near":
        return _is_near(words, number, wanted) == is_wanted
    word, tag = words[number] if place == "tag" else _neighbour(words, number, place)
    return (word in wanted or tag in wanted) == is_wanted


def _is_near(words: Sequence[_Token], number: int, wanted: frozenset[str]) -> bool:
    """Whether a word, a tag of another word, or a phrase is at most `_NEAR` tokens away."""
    before, after = words[max(0, number - _NEAR) : number], words[number + 1 : number + 1 + _NEAR]
    if any(word in wanted or tag in wanted for word, tag in (*before, *after)):
        return True
    text = f"_{'_'.join(word for word, _ in (*before, words[number], *after))}_"
    return any(f"_{phrase}_" in text for phrase in wanted if "_" in phrase)


def _neighbour(words: Sequence[_Token], number: int, place: str) -> _Token:
    passed = {"prev": _ADVERBS, "next": _ADVERBS, "aux": _BEFORE_A_VERB}.get(place)
    if passed is None:
        return _at(words, number + int(place))
    step = 1 if place == "next" else -1
    places = range(number + step, number + step * _NEAR, step)
    return next((token for token in (_at(words, at) for at in places) if token[1] not in passed), _BOUNDARY)


def _at(words: Sequence[_Token], number: int) -> _Token:
    token = words[number] if 0 <= number < len(words) else _BOUNDARY
    return _BOUNDARY if token[1] in _BOUNDARIES else token


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")
