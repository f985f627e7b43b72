"""Letters with their marks apart are heard like composed ones, in every language and in the owner's lexicon."""

from __future__ import annotations

import unicodedata

import pytest

from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.lexicon import Lexicon
from kokoro_wyoming.pronunciation.normalization import as_words
from kokoro_wyoming.text.sentences import Run, Sentence
from kokoro_wyoming.text.text_stream import TextStream
from tests.pronunciation.normalization_examples import EXAMPLES
from tests.pronunciation.reading import heard

_TEXTS = {
    "en-US": "The café is naïve.",
    "en-GB": "The café is naïve.",
    "es-ES": "Mañana el niño comió.",
    "fr-FR": "L'été, ça brûle à Noël.",
    "hi-IN": "\u0958लम और \u095bमीन",
    "it-IT": "Perché è così?",
    "ja-JP": "ガスがある。",
    "pt-BR": "Não há pão, avó.",
    "zh-CN": "café 在哪里？",
}


def _words(tag: str, *chunks: str) -> list[str]:
    stream = TextStream()
    said = [one for chunk in chunks for one in stream.add(chunk)] + [*stream.finish()]
    return [as_words(one.text, tag) for one in said if isinstance(one, Sentence)]


@pytest.mark.long
@pytest.mark.parametrize("tag", TAGS)
def test_every_example_is_said_alike(tag: str) -> None:
    for written, said in EXAMPLES[tag]:
        for text in (written, said):
            apart = unicodedata.normalize("NFD", text)
            assert _words(tag, apart) == _words(tag, *apart) == _words(tag, unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("tag", TAGS)
def test_it_sounds_alike(tag: str) -> None:
    apart = unicodedata.normalize("NFD", _TEXTS[tag])
    assert apart != _TEXTS[tag]
    assert heard(apart, tag) == heard(_TEXTS[tag], tag)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_owners_words_may_be_written_either_way(form: str) -> None:
    written = "".join(unicodedata.normalize("NFD" if form == "NFD" else "NFC", "Zoë"))
    lexicon = Lexicon({"all": {written: "Zo ee"}})
    assert [*lexicon.split(Run("Zoë"), "en-US")] == [Run("Zoë", words="Zo ee")]
