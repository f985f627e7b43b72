"""Text to phonemes for Kokoro v0.19: espeak-ng through `phonemizer`, between rules for the text and for the sounds.

espeak keeps its state in the process: everything here belongs on the one model thread.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
from collections.abc import Collection, Iterator

from kokoro_wyoming.builds import espeak
from kokoro_wyoming.builds.v0_19.wording import spoken_form
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.languages import kokoro_letter, language_name, match_language, match_own_language
from kokoro_wyoming.pronunciation.phonemes import Phonemes, fitting_pieces

LANGUAGES = ("en-US", "en-GB")
"""The tags of what the release speaks."""

_ESPEAK_VOICES = {"a": "en-us", "b": "en-gb"}

_SPELLING = str.maketrans({"r": "ɹ", "x": "k", "ɬ": "l", "ʲ": "j"})
"""espeak's symbols for sounds that the network learned by another."""

_OWN_NAME = re.compile("kək[ˈˌ]?[oɔ]ː?ɹ(oʊ|əʊ)")
_HUNDRED = re.compile("(?<=[a-zɹː])(?=h[ˈˌ]ʌndɹɪd)")
_LONE_Z = re.compile(' z(?=[;:,.!?¡¿—…"«»“” ]|$)')
_NINETY = re.compile("(?<=nˈaɪn)ti(?!ː)")


def letter_of(language: str) -> str:
    """Kokoro's language code for a letter, a tag or another spelling; UnknownLanguageError for anything else."""
    tag = match_own_language(language)
    if tag not in LANGUAGES:
        raise UnknownLanguageError(
            f"Kokoro v0.19 does not speak {language[:40]!r}; it speaks {' and '.join(LANGUAGES)}."
        )
    return kokoro_letter(str(tag))


def missing_part() -> str | None:
    """Why nothing can be spoken here, with the remedy; None when everything it needs is installed."""
    for module, package in espeak.NEEDS:
        if importlib.util.find_spec(module) is None:
            return f"the Python package {package} is not installed; run `pip install {package}`"
    return espeak.fault()


class QuietPipeline:
    """Phonemes of one language, without sound."""

    def __init__(self, letter: str, vocabulary: Collection[str]) -> None:
        """`vocabulary` holds the symbols that the network knows. UnknownLanguageError when a part is missing."""
        reason = missing_part()
        name = language_name(match_language(letter) or LANGUAGES[0])
        if reason is not None:
            raise UnknownLanguageError(f"{name} cannot be spoken: {reason}.")
        self.lang_code = letter
        self._vocabulary = frozenset(vocabulary)
        with espeak.loading(name):
            self._espeak = _Espeak(_ESPEAK_VOICES[letter])

    def pieces(self, text: str) -> Iterator[Phonemes]:
        """Every phoneme of a text, once and in order, in pieces that the network can speak."""
        return fitting_pieces(spoken_form(text), self.phonemes)

    def phonemes(self, text: str) -> str:
        """How a text in its spoken form sounds, in symbols of the vocabulary alone."""
        if not text.strip():
            return ""
        (heard,) = self._espeak.phonemize([text.strip()]) or [""]
        return "".join(symbol for symbol in self._cleaned(heard) if symbol in self._vocabulary).strip()

    def _cleaned(self, heard: str) -> str:
        sounds = heard.translate(_SPELLING)
        sounds = _OWN_NAME.sub(lambda found: f"kˈ{found[1]}kəɹ{found[1]}", sounds)
        sounds = _LONE_Z.sub("z", _HUNDRED.sub(" ", sounds))
        return _NINETY.sub("di", sounds) if self.lang_code == "a" else sounds


class _Espeak:
    """What is used of phonemizer's backend."""

    def __init__(self, voice: str) -> None:
        from phonemizer.backend import EspeakBackend

        # It warns whenever espeak says two words as one, "in the" or "of a", which is how they are said.
        quiet = logging.getLogger(f"{__name__}.espeak")
        quiet.setLevel(logging.ERROR)
        self._backend = EspeakBackend(
            voice, preserve_punctuation=True, with_stress=True, language_switch="remove-flags", logger=quiet
        )

    def phonemize(self, texts: list[str]) -> list[str]:
        """The sounds of each text, marks kept."""
        return [str(sounds) for sounds in self._backend.phonemize(texts)]
