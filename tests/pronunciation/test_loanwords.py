"""The table of brands and loanwords: that it is sound, what it matches, and that the owner's words come first."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest

from kokoro_wyoming.builds.v1_0 import KokoroV1Wrapper
from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation import ipa, loanwords
from kokoro_wyoming.pronunciation.lexicon import Lexicon, entry
from kokoro_wyoming.pronunciation.pronounce import ReadingOptions, pronounce
from kokoro_wyoming.text.sentences import Run
from tests.pronunciation.reading import CONFIG

ROWS = [*loanwords.rows()]
RELEASE = KokoroV1Wrapper(CONFIG, "no weights.pth", device="cpu")


def said(text: str, language: str) -> str:
    """The text as it is read, phonemes in slashes."""
    runs = loanwords.respelled(Run(text), language)
    return "".join(f"/{run.phonemes}/" if run.phonemes else run.words or run.text for run in runs)


def read(text: str, language: str, lexicon: dict[str, dict[str, str]]) -> list[str]:
    runs = pronounce([Run(text)], language, RELEASE, ReadingOptions(Lexicon(lexicon)))
    return [run.phonemes or run.words or run.text for run in runs]


def test_every_language_has_a_column_and_no_word_is_there_twice() -> None:
    assert set(ROWS[0]) == {"word", *(tag[:2] for tag in TAGS)}
    writings = Counter(chain.from_iterable(loanwords.writings(row["word"]) for row in ROWS))
    assert max(writings.values()) == 1
    assert [row["word"] for row in ROWS] == sorted((row["word"] for row in ROWS), key=str.lower)


def test_what_is_said_is_what_a_lexicon_may_have_and_voices_have_its_sounds() -> None:
    for row in ROWS:
        spoken = {language: row[language] for language in row if language != "word" and row[language]}
        assert spoken, row
        for language, spelling in spoken.items():
            assert entry(row["word"], spelling) == spelling
            assert "  " not in spelling
            if spelling.startswith("/"):
                tag = next(tag for tag in TAGS if tag.startswith(language))
                symbols = ipa.kokoro_symbols(spelling.strip("/"), tag, RELEASE.vocabulary)
                assert symbols, row
                assert set(symbols) <= set(RELEASE.vocabulary), row


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Pon YouTube, youtube o YOUTUBE.", "es-ES", "Pon yutub, yutub o yutub."),
        ("el Wi-Fi, el WiFi, el wifi y el wi fi", "es-ES", "el wifi, el wifi, el wifi y el wifi"),
        ("los podcasts de Fukushima", "es-ES", "los pódcasts de /fˌukuʃˈima/"),
        ("l'iPhone et les iPhones", "fr-FR", "l'aillefone et les aillefone"),
        ("d’e-mail", "fr-FR", "d’imèle"),
        ("un email; testi e mail", "it-IT", "un imèil; testi e mail"),
        ("Apple TVとApple", "ja-JP", "アップルティービーとアップル"),
        ("McDonald’s", "pt-BR", "méqui dônaldis"),
        ("Xiaomi का", "hi-IN", "शाओमी का"),
        ("打开YouTube和IKEA", "zh-CN", "打开YouTube和宜家"),
        ("The ring matters to John.", "en-US", "The ring matters to John."),
        ("İ YouTube, youtuber, dewifi, wifi2, e", "es-ES", "İ yutub, youtuber, dewifi, wifi2, e"),
        ("مرحبا YouTube", "ar", "مرحبا YouTube"),
        ("", "es-ES", ""),
    ],
)
def test_whole_words_are_respelled_in_every_writing(text: str, language: str, expected: str) -> None:
    assert said(text, language) == expected


def test_the_words_around_stay_one_run_with_a_respelled_one() -> None:
    assert [run.text for run in loanwords.respelled(Run("Pon YouTube ya."), "es-ES")] == ["Pon yutub ya."]


def test_the_owner_s_word_comes_first() -> None:
    assert read("Pon YouTube.", "es-ES", {}) == ["Pon yutub."]
    assert read("Pon YouTube.", "es-ES", {"es-ES": {"youtube": "tú tub"}}) == ["Pon ", "tú tub", "."]
    assert read("Pon YouTube.", "es-ES", {"all": {"YouTube": "/tub/"}}) == ["Pon ", "tub", "."]


def test_the_owner_s_english_word_comes_first_where_its_letters_are_foreign() -> None:
    assert read("YouTubeです", "ja-JP", {}) == ["ユーチューブです"]
    assert read("YouTubeです", "ja-JP", {"en-US": {"YouTube": "you tube"}}) == ["you tube", "です"]


def test_an_english_word_in_a_foreign_sentence_is_said_as_english_has_it() -> None:
    assert read("打开ESPHome", "zh-CN", {}) == ["打开", "E S P home"]
