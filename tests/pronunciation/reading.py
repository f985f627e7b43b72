"""What is heard of a text: the phonemes that the network would be given, after all that happens to a text before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import kokoro_wyoming
from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.pronounce import pronounce
from kokoro_wyoming.text.sentences import Sentence
from kokoro_wyoming.text.text_stream import TextStream

_READINGS = Path(__file__).with_name("readings")
CONFIG = Path(kokoro_wyoming.__file__).with_name("builds") / "v1_0" / "config.json"
_SIGNS = re.compile(r"""[;:,.!?—…"()“”]""")
_NASALS = re.compile("[mnɲŋ](?![aeioɯɨʲ])")


class Reading(NamedTuple):
    """A text as somebody sends it, and what a person would say for it, in words of the same language."""

    tag: str
    kind: str
    written: str
    said: str

    @property
    def id(self) -> str:
        return f"{self.tag} {self.written}"


def readings() -> Iterator[Reading]:
    """All of `readings/<tag>.tsv`: kind, written, said. A line that begins with # is a remark."""
    for tag in TAGS:
        lines = (_READINGS / f"{tag}.tsv").read_text("utf-8").splitlines()
        for line in lines:
            if line and not line.startswith("#"):
                yield Reading(tag, *line.split("\t"))


def heard(text: str, tag: str) -> str:
    """The phonemes of a text in Kokoro's symbols, sentence by sentence, signs included."""
    stream, release = TextStream(), _release()
    sentences = [said for said in (*stream.add(text), *stream.finish()) if isinstance(said, Sentence)]
    parts = (
        release.phonemes(pronounce(sentence.runs, sentence.language or tag, release), sentence.language or tag)
        for sentence in sentences
    )
    return " ".join(piece.phonemes for part in parts for piece in part)


def sounds(text: str, tag: str) -> str:
    """`heard` without the signs that make pauses: sounds, stresses and the blanks between words.

    Japanese without blanks, and with one ん: kana has no words, and ん sounds like the next letter of its word.
    """
    words = _SIGNS.sub(" ", heard(text, tag)).split()
    return _NASALS.sub("ɴ", "".join(words)) if tag == "ja-JP" else " ".join(words)


@cache
def _release() -> KokoroV1Wrapper:
    """The release as it is installed, without weights."""
    return KokoroV1Wrapper(CONFIG, "no weights.pth", device="cpu")
