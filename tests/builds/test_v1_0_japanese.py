"""What takes mojimoji's place in misaki's Japanese."""

from __future__ import annotations

import sys

import pytest

from kokoro_wyoming.builds.v1_0.japanese import mojimoji_by_jaconv, to_full_width, to_half_width


@pytest.mark.parametrize(
    ("text", "half"),
    [("ＡＢＣ１２３！", "ABC123!"), ("カタカナ", "カタカナ"), ("‘一’、”二”", '`一\'、"二"'), ("漢字かな", "漢字かな")],
)
def test_wide_letters_and_digits_become_narrow_and_katakana_stays(text: str, half: str) -> None:
    assert to_half_width(text, kana=False) == half


@pytest.mark.parametrize(
    ("text", "full"), [("ｶﾀｶﾅ", "カタカナ"), ("ﾊﾟﾝ", "パン"), ("abc 123", "abc 123"), ("｡｢｣", "。「」")]
)
def test_narrow_katakana_becomes_wide_and_letters_and_digits_stay(text: str, full: str) -> None:
    assert to_full_width(text, digit=False, ascii=False) == full


def test_the_stand_in_is_there_for_misaki_alone() -> None:
    before = sys.modules.get("mojimoji")
    with mojimoji_by_jaconv():
        assert sys.modules["mojimoji"].zen_to_han is to_half_width
    assert sys.modules.get("mojimoji") is before
