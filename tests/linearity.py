"""What texts cost by the character, short and long, and the longest step that the event loop waits for.

    python -m tests.linearity --worst 15

Time is that of this thread on a processor, so that others on the machine do not count.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace

from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.text.sentences import Pause, Sentence
from kokoro_wyoming.text.text_stream import TextStream
from kokoro_wyoming.utterances.incoming_text import IncomingText

SHORT_CHARS, LONG_CHARS = 10_000, 100_000
LONGEST_HOLD_SECONDS = 0.05
MOST_TIMES = 1.5
"""What a character of a long text may cost, times one of a short text."""
_NOISE_SECONDS = 0.3e-6
"""Of a character's cost, as much is of no account."""
_TRIES = 5
"""So many have to fail."""


@dataclass(frozen=True)
class Pattern:
    """A text of any length."""

    unit: str
    before: str = ""
    after: str = ""

    def text(self, chars: int) -> str:
        """The unit again and again, about as long."""
        return self.before + self.unit * max(1, chars // len(self.unit)) + self.after

    def __str__(self) -> str:
        unit = self.unit if len(self.unit) <= 40 else f"{self.unit[:25]}({len(self.unit)} characters)"
        return ascii(self.before + unit)[1:-1]


@dataclass(frozen=True)
class Cost:
    """What one text costs until its last sentence is known."""

    char_seconds: float
    longest_seconds: float
    """Without a turn for others."""
    steps: int
    """Turns for others, and one."""
    longest_chars: int
    """Of a sentence."""


class _Splitting:
    """A text on its way through a session to its last sentence, one step of the event loop after the other."""

    def __init__(self, text: str) -> None:
        self._text = IncomingText(TextStream("ssml" if text.startswith("<speak") else "text"))
        self._text.add(text)
        self._text.finish()
        self._waiting: Coroutine[None, None, Sentence | Pause | None] | None = None
        self._chars = len(text)
        self._times: list[float] = []
        self._longest_chars = 0
        self.seconds = 0.0
        """That all steps took so far."""
        self.is_over = False

    def step(self) -> None:
        """Go on to the next turn for others, or to the next sentence."""
        waiting = self._waiting = self._waiting or self._text.next_sentence()
        began_at_seconds = time.thread_time()
        try:
            waiting.send(None)
        except StopIteration as end:
            self._waiting = None
            self.is_over = end.value is None
            self._longest_chars = max(self._longest_chars, len(getattr(end.value, "text", "")))
        except PeerError:
            self.is_over = True
        self._times.append(time.thread_time() - began_at_seconds)
        self.seconds += self._times[-1]

    def cost(self) -> Cost:
        """Of what was split so far, which is all."""
        return Cost(self.seconds / self._chars, max(self._times), len(self._times), self._longest_chars)


def cost(text: str) -> Cost:
    """Have a text split as a session does."""
    splitting = _Splitting(text)
    with _no_garbage_collection():
        while not splitting.is_over:
            splitting.step()
    return splitting.cost()


def _side_by_side(short: str, long: str) -> tuple[Cost, Cost]:
    """The cost of both, the short text split again and again between the steps of the long one: what else the machine
    does then slows both of them down."""
    splitting, shorts, short_seconds = _Splitting(long), [], 0.0
    while not splitting.is_over:
        with _no_garbage_collection():
            while not splitting.is_over and splitting.seconds <= short_seconds:
                splitting.step()
        shorts.append(cost(short))
        short_seconds += shorts[-1].char_seconds * len(short)
    return replace(shorts[0], char_seconds=short_seconds / len(shorts) / len(short)), splitting.cost()


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True)
class Comparison:
    """A short text of a pattern and a long one."""

    pattern: Pattern
    short: Cost
    long: Cost

    @property
    def times(self) -> float:
        """What a character of the long text costs, times one of the short text, noise left out."""
        return (self.long.char_seconds - _NOISE_SECONDS) / self.short.char_seconds

    @property
    def fault(self) -> str | None:
        """What is wrong with it, if anything."""
        if self.long.longest_seconds > LONGEST_HOLD_SECONDS:
            return f"{self.pattern}: nobody else has a turn for {self.long.longest_seconds * 1e3:.0f} ms"
        if self.times > MOST_TIMES:
            return f"{self.pattern}: a character of a long text costs {self.times:.1f} times that of a short one"
        return None


def compare(pattern: Pattern, short_chars: int = SHORT_CHARS, long_chars: int = LONG_CHARS) -> Comparison:
    """Measure both; what looks wrong is measured again, as a busy machine looks wrong too."""
    texts = pattern.text(short_chars), pattern.text(long_chars)
    found = Comparison(pattern, *map(cost, texts))
    for _ in range(_TRIES - 1):
        if found.fault is None:
            break
        short, long = _side_by_side(*texts)
        shortest_hold_seconds = min(found.long.longest_seconds, long.longest_seconds)
        found = Comparison(pattern, short, replace(long, longest_seconds=shortest_hold_seconds))
    return found


def _ssml(unit: str, before: str = "", after: str = "") -> Pattern:
    return Pattern(unit, f"<speak>{before}", f"{after}</speak>")


_BLANKS_AND_BRACKETS = f'[{"a" * 150}]({" " * 400}"{"(" * 250}{")" * 250}'
"""A link's target that could be read in many ways."""

QUICK = (
    *map(Pattern, ("a", " ", ".", "\n", "好", "\u200d", "\u0301", "\u094d", "🎉", "A. ", "[", "[a](/b/)", "[a](/b/) ")),
    *map(Pattern, ("<!--x", "&amp;", "https://a.b/", "| a | b |\n", "**", _BLANKS_AND_BRACKETS)),
    Pattern("\u200d", "Hello. "),
    _ssml('<phoneme ph="b">a</phoneme>'),
    _ssml("今日は", '<lang xml:lang="ja">', "</lang>"),
    _ssml("\u200d"),
    _ssml("&#x200d;"),
)
"""One of each kind."""

_OF_EVERY_KIND = (
    *map(chr, (*range(0x20, 0x30), *range(0x3A, 0x41), *range(0x5B, 0x61), *range(0x7B, 0x7F))),
    *"\tA7é好ァ한א",  # letters of every script, digits, blanks
    *"\u0301\u064b\u0e49\u094d\u200c\ufe0f\U000e0061",  # marks and joiners
    *"…。，「“¿—→•²★\u00a0👨🏽\U0001f1e6",
)
_SNIPPETS = (
    # emphasis, code, headings, lists, quotes, tables, rules
    *("**a", "==", "=> ", "--", "- a\n", "- [ ] a\n", "1. a\n", "> a\n", "# a\n", "```\na\n```\n", "~~~\n", "|---|\n"),
    *("\\*", "\r\n"),
    # links, pauses, phonemes, notes
    *("[a](b)", "[a](", "[tomato](/təˈmɑːtoʊ/)", f"[a](/{'b' * 199}/)", "[a][", "[![", "[![a](b)](c) ", "[pause:1s]"),
    *("[pause:1", "[^1]: a\n", "[a]: https://b.c\n", f"[a]({'x' * 900} "),
    # HTML, comments, entities
    *("<b>", "<p>a</p>", "<td>a</td>", "<a href='b'>c</a>", "<a ", "</", f"<{'a' * 499}"),
    *(f"<!--{'x' * 1_990}", "<!--a. [b <c &d `e ", "&#128512;", "&zwj;"),
    # addresses
    *("https://a.b/c,d", "www.", "a@b.c ", "a.b"),
    # sentences, abbreviations, numbers, and what looks like their end
    *("Hello there. ", "a, ", "a. ", "... ", f"{'!' * 150}{'x' * 150}"),
    *(f"{'!' * 75}{')' * 75}{' ' * 75}x", f"x {'y' * 298}", f"{'a' * 250}, {'b' * 100}"),
    *("नमस्ते। ", "क्\u200d", "今日は。", "你好，", "שלום ", "e\u0301", "👨\u200d👩\u200d👧", "🏳️\u200d🌈", "1️⃣"),
)
_IN_PAIRS = ("[a](", "<a ", "\u200d")
_IN_SSML = (
    *(
        "a",
        "好",
        " ",
        "\u0301",
        "🎉",
        "a.com ",
        "a@b.",
        "]]",
        "<?a >?>",
        "--",
        "&amp;",
        "&#xe004;",
        "&#128512;",
        "<phoneme ph='b'>a</phoneme> ",
    ),
    *(f"<phoneme ph='{'b' * 1_900}'>a</phoneme>", "<say-as interpret-as='characters'>ab</say-as>"),
    *(f"<say-as interpret-as='characters'>{'ab' * 240}</say-as>", f"<sub alias='{'b' * 1_900}'>a</sub>"),
    *(
        "<lang xml:lang='ja'>今日は</lang>",
        "<lang xml:lang='fr'>a b</lang> ",
        "<break time='1s'/>",
        "<s>a</s>",
        "<p>a</p>",
    ),
    *("<prosody rate='slow'>a</prosody>", "<voice name='x'>a </voice>", "<emphasis>a</emphasis>", "<mark name='x'/>"),
    *("<!-- x -->", f"<!--{'x' * 1_900}-->", "<![CDATA[x]]>", "<?x y?>", f"<p a='{'b' * 1_900}'/>"),
)
_IN_AN_ELEMENT = (
    _ssml("今日は", "<metadata>", "</metadata>"),
    _ssml("\u200d", "<lang xml:lang='hi'>", "</lang>"),
    _ssml("\u200d", "<prosody rate='2'>", "</prosody>"),
    _ssml("a ", "<p><s>" + "<emphasis>" * 28, "</emphasis>" * 28 + "</s></p>"),
)
_PAIRS = map("".join, itertools.permutations(_IN_PAIRS, 2))
_ALL = (*QUICK, *map(Pattern, (*_OF_EVERY_KIND, *_SNIPPETS, *_PAIRS)), *map(_ssml, _IN_SSML), *_IN_AN_ELEMENT)
PATTERNS = tuple(dict.fromkeys(_ALL))


def main() -> None:
    """Print the table, the worst first."""
    parser = argparse.ArgumentParser(prog="python -m tests.linearity", description=__doc__.partition("\n")[0])
    parser.add_argument("--worst", type=int, default=len(PATTERNS), help="how many patterns are printed")
    parser.add_argument("--quick", action="store_true", help="a few patterns alone")
    options = parser.parse_args()
    found = [compare(pattern) for pattern in (QUICK if options.quick else PATTERNS)]
    found.sort(
        key=lambda one: max(one.times / MOST_TIMES, one.long.longest_seconds / LONGEST_HOLD_SECONDS), reverse=True
    )
    print(f"| pattern | µs a character at {SHORT_CHARS:,} | at {LONG_CHARS:,} | longest hold | longest sentence |")
    print("|---|---|---|---|---|")
    for one in found[: options.worst]:
        costs = " | ".join(f"{taken.char_seconds * 1e6:.2f}" for taken in (one.short, one.long))
        hold = f"{one.long.longest_seconds * 1e3:.1f} ms"
        print(f"| `{str(one.pattern).replace('|', '¦')}` | {costs} | {hold} | {one.long.longest_chars} |", flush=True)


if __name__ == "__main__":
    main()
