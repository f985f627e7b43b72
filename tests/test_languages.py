"""Language tags: the advertised ones never change, and many spellings are accepted."""

from __future__ import annotations

import pytest

from kokoro_wyoming.languages import TAGS, kokoro_letter, match_language, tag_of_letter


def test_the_advertised_tags_are_the_ones_in_saved_assistants() -> None:
    assert TAGS == ("en-US", "en-GB", "es-ES", "fr-FR", "hi-IN", "it-IT", "ja-JP", "pt-BR", "zh-CN")


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_is_found_by_itself_by_its_letter_and_in_any_spelling(tag: str) -> None:
    letter = kokoro_letter(tag)
    assert tag_of_letter(letter) == tag
    for spelling in (tag, tag.lower(), tag.upper(), tag.replace("-", "_"), letter, f" {tag} "):
        assert match_language(spelling) == tag


@pytest.mark.parametrize(
    ("spelling", "tag"),
    [
        ("en", "en-US"),
        ("en_US", "en-US"),
        ("en-AU", "en-GB"),
        ("en-XX", "en-US"),
        ("es-MX", "es-ES"),
        ("es-419", "es-ES"),
        ("fr-CA", "fr-FR"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("zh-Hans", "zh-CN"),
        ("zh_TW", "zh-CN"),
        ("cmn", "zh-CN"),
        ("ja", "ja-JP"),
        ("jp", "ja-JP"),
        ("Italian", "it-IT"),
    ],
)
def test_spellings_of_clients_are_understood(spelling: str, tag: str) -> None:
    assert match_language(spelling) == tag


@pytest.mark.parametrize(
    "spelling", ["", " ", "de", "de-DE", "x", "a-b", "english-ish words", "../en", "enx", "uk-UA", "uk_ua"]
)
def test_anything_else_is_no_language(spelling: str) -> None:
    assert match_language(spelling) is None
