"""English words with one spelling and several sounds: which one is meant, from the words and tags around it.

misaki chooses among a word's sounds by its tag, which spaCy's small tagger often mistakes. `heteronyms.tsv` puts tags
right before misaki sees them, and gives misaki sounds that it does not know under tags of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cache, cached_property
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
_PASSED = {"prev": _ADVERBS, "next": _ADVERBS, "aux": _BEFORE_A_VERB}

_NEAR = 12
"""How many tokens away a word still tells something."""

_Token = tuple[str, str]
"""A word in small letters, and its tag."""


class Condition(NamedTuple):
    """What must be at a place for a rule to hold."""

    place: str
    """A number of tokens away (`-2`), or `tag`: its own; `prev`, `next`: the nearest but for adverbs; `aux`: that
    before a subject; `near`: any around it."""
    wanted: frozenset[str]
    """Words in small letters, tags in capitals, `.` for a boundary."""
    phrases: tuple[str, ...]
    """Several words for `near`, with `_` between and around them."""
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
            members = {*" ".join(groups.get(one, one) for one in wanted.split("|")).split()}
            phrases = {member for member in members if "_" in member}
            around = tuple(f"_{phrase}_" for phrase in sorted(phrases))
            yield Condition(place.rstrip("!"), frozenset(members - phrases), around, not place.endswith("!"))


def tell_apart(g2p: Any) -> None:
    """Let misaki's English choose by the table; `g2p` is a `misaki.en.G2P` whose gold words are `Words`."""
    golds = g2p.lexicon.golds
    for word, tag, american, british in table().sounds:
        known = golds.get(word) or g2p.lexicon.get_word(word, None, None, None)[0]
        by_tag = known if isinstance(known, dict) else {DEFAULT: known}
        golds.by_part[word] = {**by_tag, tag: british if g2p.british else american}
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
        if of_word or of_all:
            place = _Place(words, number)
            tag = next((rule.tag for rule in (*of_word, *of_all) if all(map(place.fulfils, rule.conditions))), None)
            if tag is not None:
                yield number, tag


class _Place:
    """A token among the others of its sentence."""

    def __init__(self, words: Sequence[_Token], number: int) -> None:
        self._words = words
        self._number = number
        self._found: dict[str, _Token] = {"tag": words[number]}

    def fulfils(self, condition: Condition) -> bool:
        if condition.place == "near":
            is_there = self._is_near(condition)
        else:
            if condition.place not in self._found:
                self._found[condition.place] = self._neighbour(condition.place)
            word, tag = self._found[condition.place]
            is_there = word in condition.wanted or tag in condition.wanted
        return is_there == condition.is_wanted

    def _is_near(self, condition: Condition) -> bool:
        return not condition.wanted.isdisjoint(self._near) or any(map(self._near_text.__contains__, condition.phrases))

    @cached_property
    def _near(self) -> frozenset[str]:
        """The words and tags around the token."""
        at = self._number
        around = (*self._words[max(0, at - _NEAR) : at], *self._words[at + 1 : at + 1 + _NEAR])
        return frozenset(one for token in around for one in token)

    @cached_property
    def _near_text(self) -> str:
        words = self._words[max(0, self._number - _NEAR) : self._number + 1 + _NEAR]
        return f"_{'_'.join(word for word, _ in words)}_"

    def _neighbour(self, place: str) -> _Token:
        passed = _PASSED.get(place)
        if passed is None:
            return _at(self._words, self._number + int(place))
        step = 1 if place == "next" else -1
        places = range(self._number + step, self._number + step * _NEAR, step)
        return next((token for token in (_at(self._words, at) for at in places) if token[1] not in passed), _BOUNDARY)


def _at(words: Sequence[_Token], number: int) -> _Token:
    token = words[number] if 0 <= number < len(words) else _BOUNDARY
    return _BOUNDARY if token[1] in _BOUNDARIES else token


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")
