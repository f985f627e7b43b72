"""Cuts a text until the phonemes of each part fit a network. Every release's G2P uses it."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from kokoro_wyoming.text.sentences import Run

_LOGGER = logging.getLogger(__name__)

MAX_PHONEMES = 400
"""Most phonemes in a piece. The networks take 510, and their author finds speech above 400 rushed."""

SHORT_PHONEMES = 16
"""Up to so many symbols a network speaks better with a sentence behind them (docs/quality.md)."""

MAX_TEXT_CHARS = 600
"""Longest text given to a G2P at a time: a longer one has too many phonemes in any case."""
MAX_UNSPACED_CHARS = 240
"""The same for languages without blanks; misaki's Japanese takes time by the cube of the length."""

MAX_WORD_CHARS = 80
"""Longest word: espeak reads about 160 bytes of one and drops the rest."""
MAX_WORD_PARTS = 24
"""Most rows of letters, digits and signs in a word: misaki's English takes time by the cube of their number."""

_ENDINGS = (".!?…。！？।॥", ";:；：", ",，、—", " \u3000")
"""Places where a speaker would breathe, the best first."""

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("。।॥．｡۔", "."),
        **dict.fromkeys("，、،､", ","),
        "！": "!",
        "？": "?",
        "؟": "?",
        "；": ";",
        "؛": ";",
        "：": ":",
        "（": "(",
        "）": ")",
        "–": "—",
        "―": "—",
        **dict.fromkeys("«「『《【", "“"),
        **dict.fromkeys("»」』》】", "”"),
        **dict.fromkeys("¿¡'‘’", ""),
    }
)
_SIGN_SYMBOLS = frozenset(';:,.!?—…"()“” ')
"""Symbols of both releases that are heard as a pause or a tone of voice, and are no sound by themselves."""
_STRESSES = frozenset("ˈˌː-")


@dataclass(frozen=True)
class RunPart:
    """What a piece has of one run, and the place of its phonemes in the piece."""

    run: Run
    graphemes: str
    first: int
    count: int


@dataclass(frozen=True)
class Phonemes:
    """A piece of text and how it sounds."""

    graphemes: str
    phonemes: str
    """IPA in Kokoro's spelling, at most MAX_PHONEMES symbols where the text can be cut at all."""
    parts: tuple[RunPart, ...] = ()
    """The runs in it, as `of_runs` tells them."""


def of_runs(
    runs: Iterable[Run], pieces_of: Callable[[Run], Iterator[Phonemes]], max_phonemes: int = MAX_PHONEMES
) -> Iterator[Phonemes]:
    """Every phoneme of a sentence's runs, once and in order, in as few pieces as they fit into.

    `pieces_of` is the G2P, for a run without phonemes of its own. Pieces of nothing but signs are left out, as a
    network makes noises of them.
    """
    held: Phonemes | None = None
    for run in runs:
        gap = _gap(held.graphemes if held else "", _written(run))
        for number, piece in enumerate(_run_pieces(run, pieces_of, max_phonemes)):
            joined = f"{held.phonemes}{gap}{piece.phonemes}" if held else ""
            part = RunPart(run, piece.graphemes, 0, len(piece.phonemes))
            if held and not number and len(joined) <= max_phonemes:
                part = replace(part, first=len(joined) - part.count)
                held = Phonemes(held.graphemes + piece.graphemes, joined, (*held.parts, part))
                continue
            if held and has_sound(held.phonemes):
                yield held
            held = replace(piece, parts=(part,))
    if held and has_sound(held.phonemes):
        yield held


def has_sound(phonemes: str) -> bool:
    """Whether anything is to be heard."""
    return any(symbol not in _SIGN_SYMBOLS and symbol not in _STRESSES for symbol in phonemes)


def _written(run: Run) -> str:
    return run.text if run.words is None else run.words


def _gap(before: str, after: str) -> str:
    """What stands between the phonemes of two runs: a blank where there is one, or where two scripts meet."""
    if not before or not after:
        return ""
    is_blank = before[-1].isspace() or after[0].isspace()
    is_border = before[-1].isalnum() and after[0].isalnum()
    return " " if is_blank or is_border else ""


def _run_pieces(run: Run, pieces_of: Callable[[Run], Iterator[Phonemes]], max_phonemes: int) -> Iterator[Phonemes]:
    text = _written(run)
    if run.phonemes is not None:
        for start in range(0, len(run.phonemes), max_phonemes):
            yield Phonemes(text if start == 0 else "", run.phonemes[start : start + max_phonemes])
        return
    # A G2P is given no lone sign: espeak reads the names of some.
    signs = text.translate(_SIGNS)
    if set(signs) <= _SIGN_SYMBOLS:
        if signs.strip():
            yield Phonemes(text, signs.strip())
        return
    silent = True
    for piece in pieces_of(run):
        silent = False
        yield piece
    if silent and any(letter.isalnum() for letter in text):
        _LOGGER.debug("No sound is known for %r", text)


def fitting_pieces(
    text: str, phonemes_of: Callable[[str], str], *, words_may_be_endless: bool = False
) -> Iterator[Phonemes]:
    """Every phoneme of a text, once and in order, in pieces that a network can speak.

    The text is cut in two at the best place near its middle until each part fits. `words_may_be_endless` is for
    languages that are written without spaces and read without espeak.
    """
    is_readable = len(text) <= MAX_UNSPACED_CHARS if words_may_be_endless else _has_no_endless_word(text)
    if is_readable:
        phonemes = phonemes_of(text)
        if len(phonemes) <= MAX_PHONEMES or len(text) < 2:
            if phonemes.strip():
                yield Phonemes(text, phonemes)
            return
    cut = best_cut(text)
    for part in (text[:cut], text[cut:]):
        yield from fitting_pieces(part, phonemes_of, words_may_be_endless=words_may_be_endless)


def _has_no_endless_word(text: str) -> bool:
    """Whether the text is short and has no word that espeak would drop or misaki would take long for."""
    is_short = len(text) <= MAX_TEXT_CHARS
    return is_short and all(len(word) <= MAX_WORD_CHARS and _parts(word) <= MAX_WORD_PARTS for word in text.split())


def _parts(word: str) -> int:
    """How many rows of small letters, capitals and digits, and how many signs, a word has."""
    kinds = [_kind(character) for character in word]
    return sum(not kind or kind != before for before, kind in pairwise(("", *kinds)))


def _kind(character: str) -> str:
    """The kind of row that a character belongs to; empty for a sign. Marks count as small letters."""
    if character.isdigit():
        return "1"
    if character.isalpha() or unicodedata.category(character).startswith("M"):
        return "A" if character.isupper() else "a"
    return ""


def best_cut(text: str) -> int:
    """Where to cut a text in two: behind the best mark of its middle half, else in its very middle."""
    quarter = len(text) // 4
    middle = range(quarter, len(text) - quarter)
    for marks in _ENDINGS:
        places = [at + 1 for at in middle if text[at] in marks and at + 1 < len(text)]
        if places:
            return min(places, key=lambda place: abs(2 * place - len(text)))
    return len(text) // 2
