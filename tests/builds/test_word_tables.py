"""Dictionaries in tables answer as those of the libraries do."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st
from misaki import en

from kokoro_wyoming.builds.v1_0 import chinese, english
from kokoro_wyoming.builds.v1_0.g2p import make_quiet_pipeline
from kokoro_wyoming.builds.v1_0.word_table import WordTable

WORDS = st.text(st.characters(exclude_characters="\t\n", exclude_categories=["Cs"]), max_size=4)


@given(st.dictionaries(WORDS, WORDS, max_size=20), WORDS)
def test_a_table_is_a_dictionary(words: dict[str, str], other: str) -> None:
    table = WordTable(words.items())
    assert dict(table) == words
    assert len(table) == len(words)
    assert table.get(other) == words.get(other)
    assert table.has_prefix(other) == any(word.startswith(other) for word in words)


@pytest.mark.long
@pytest.mark.parametrize("name", ["us_gold", "us_silver", "gb_gold", "gb_silver"])
def test_words_in_tables_are_found_as_misaki_finds_them(name: str) -> None:
    words = json.loads(importlib.resources.files("misaki.data").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    grown, ours = en.Lexicon.grow_dictionary(words), english.Words(words)
    assert set(ours) == grown.keys()
    assert len(ours) == len(grown)
    some = list(words)[::17]
    others = [other for word in some for other in (word, word.upper(), word.capitalize(), word.swapcase(), f"{word}q")]
    assert [ours.get(other) for other in others] == [grown.get(other) for other in others]


@pytest.mark.long
def test_frequencies_are_those_that_jieba_counts() -> None:
    path = Path(jieba.__file__).with_name(jieba.DEFAULT_DICT_NAME)
    with path.open("rb") as file:
        counts, total = jieba.Tokenizer.gen_pfdict(file)
    ours = chinese.Frequencies(path)
    assert ours.total == total
    assert set(ours) == counts.keys()
    some = [other for word in list(counts)[::17] for other in (word, f"{word}们", word[1:] or word)]
    assert [ours.get(word) for word in some] == [counts.get(word) for word in some]
    assert [word in ours for word in some] == [word in counts for word in some]


def test_phrases_are_read_as_pypinyin_reads_them() -> None:
    chinese.load_in_tables()
    import pypinyin  # takes long, and no other test needs it

    assert pypinyin.lazy_pinyin("银行里行走", style=pypinyin.Style.TONE3) == ["yin2", "hang2", "li3", "xing2", "zou3"]
    assert jieba.lcut("银行里的灯亮着") == ["银行", "里", "的", "灯亮", "着"]


@pytest.mark.long
def test_phrases_are_those_of_pypinyin() -> None:
    theirs = chinese._dictionary_of_pypinyin("phrases_dict")
    ours = chinese.Phrases(theirs)
    assert set(ours) == theirs.keys()
    some = list(theirs)[::17]
    assert [ours[phrase] for phrase in some] == [theirs[phrase] for phrase in some]


def test_characters_are_read_as_pypinyin_reads_them() -> None:
    theirs = chinese._dictionary_of_pypinyin("pinyin_dict")
    ours = chinese.Characters(theirs)
    assert set(ours) == theirs.keys()
    some = list(theirs)[::17]
    assert [ours[code] for code in some] == [theirs[code] for code in some]
    assert ord("a") not in ours


@pytest.mark.slow
def test_the_words_of_japanese_are_those_of_misaki() -> None:
    make_quiet_pipeline("j")
    from misaki import cutlet

    assert isinstance(cutlet.JA_WORDS, WordTable)
    path = Path(cutlet.__file__).with_name("data") / "ja_words.txt"
    theirs = {line.strip() for line in path.read_text(encoding="utf-8").splitlines()}
    assert set(cutlet.JA_WORDS) == theirs
    assert all(word in cutlet.JA_WORDS for word in sorted(theirs)[::17])
    assert "食べるました" not in cutlet.JA_WORDS
