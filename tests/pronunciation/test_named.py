"""Emoji and addresses are named in the language of the words around them, whoever was to speak at first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.pronounce import pronounce
from kokoro_wyoming.text.sentences import Run, Sentence
from kokoro_wyoming.text.splitting import MarkupOptions
from kokoro_wyoming.text.text_stream import TextFormat, TextOptions, TextStream
from kokoro_wyoming.utterances.voicing import UtteranceVoices
from kokoro_wyoming.voices.descriptions import SpokenVoice, VoiceRequest
from tests.stand_ins.beep_engine import BeepEngine

NAMING = TextOptions(markup=MarkupOptions(emoji="name"))


class AllLanguages:
    """A release that reads all nine languages."""

    languages = TAGS

    def symbols(self, written: str, language: str) -> str:
        return written


class Polyglot(BeepEngine):
    """A stand-in that has a voice for every language, an American one for who asks for nobody."""

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        return SpokenVoice("v1.0", "polyglot", request.language or "en-US", 1.0)


def sentences(text: str, text_format: TextFormat = "text") -> Iterator[Sentence]:
    stream = TextStream(text_format, NAMING)
    return (said for said in (*stream.add(text), *stream.finish()) if isinstance(said, Sentence))


def read(text: str, request: VoiceRequest, text_format: TextFormat = "text") -> str:
    """The words that the G2P is given."""
    voices = UtteranceVoices(Polyglot(), request)
    runs = [
        run
        for sentence in sentences(text, text_format)
        for run in pronounce(sentence.runs, voices.voice_of(sentence).language, AllLanguages())
    ]
    return "".join(run.words or "" for run in runs)


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("詳しくは example.com を見てね😀", "ja-JP", "詳しくは example ドット com を見てねにっこり笑う"),
        ("请看 https://www.example.com/x 好吗😀", "zh-CN", "请看 example 点 com 好吗嘿嘿"),
        ("देखिए bob@example.com को 😀", "hi-IN", "देखिए bob ऐट example डॉट com को grinning face"),
    ],
)
def test_the_letters_of_a_text_choose_the_language_of_the_names_in_it(text: str, language: str, words: str) -> None:
    assert read(text, VoiceRequest()) == words
    assert read(text, VoiceRequest(language=language)) == words
    assert read(f"<speak>{text}</speak>", VoiceRequest(), "ssml") == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en-US", "Hm, bob at exemple dot fr party popper"),
        ("en-GB", "Hm, bob at exemple dot fr party popper"),
        ("es-ES", "Hm, bob arroba exemple punto fr cañón de confeti"),
        ("fr-FR", "Hm, bob arobase exemple point fr cotillons"),
        ("it-IT", "Hm, bob chiocciola exemple punto fr spara coriandoli"),
        ("pt-BR", "Hm, bob arroba exemple ponto fr cone de festa"),
    ],
)
def test_each_language_has_its_names(language: str, words: str) -> None:
    assert read("Hm, bob@exemple.fr 🎉🎉", VoiceRequest(language=language)) == words


def test_a_passage_in_another_language_has_that_language_s_names() -> None:
    document = '<speak>See example.com 😀, <lang xml:lang="fr-FR">voir example.com 😀, ami</lang> now 😀.</speak>'
    french = "voir example point com visage rieur , ami"
    assert read(document, VoiceRequest(), "ssml") == f"See example dot com grinning face , {french} now grinning face ."


def test_the_letters_of_an_address_do_not_choose_the_language() -> None:
    text = "詳しくは information-technology.example.com を"
    (sentence,) = sentences(text)
    assert (sentence.text, sentence.prose) == (text, "詳しくは  を")
    assert read(text, VoiceRequest()).startswith("詳しくは information-technology ドット example")


def test_an_address_is_one_run_whatever_it_was_taken_for_at_first() -> None:
    (sentence,) = sentences("Mail jo@a.example.com or see x.com")
    assert [run for run in sentence.runs if run.is_named] == [
        Run("jo@a.example.com", say_as="web-address|"),
        Run("x.com", say_as="web-address|"),
    ]


def test_names_are_read_together_with_the_words_around_them() -> None:
    (sentence,) = sentences("Go to example.com now")
    assert pronounce(sentence.runs, "en-US", AllLanguages()) == (
        Run("Go to example dot com now", words="Go to example dot com now"),
    )
