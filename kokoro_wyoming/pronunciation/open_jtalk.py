"""How Open JTalk reads Japanese: word by word, with their context and with numbers in full. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from kokoro_wyoming.module_stand_ins import left_out

# Without the network that reads one word, as nothing here asks it: 30 MB where onnxruntime is installed.
with left_out("pyopenjtalk.yomi_model.nani_predict"):
    from pyopenjtalk import run_frontend, run_mecab_nbest_features

_DEVOICED = "’"
_PATHS = 20
"""Ways to cut and read a word that are looked at."""
_LONG = re.compile(
    "(?<=[アカガサザタダナハバパマヤャラワァ])ア|(?<=[イキギシジチヂニヒビピミリィ])イ|(?<=[ウクグスズツヅヌフブプムユュルゥヴ])ウ"
    "|(?<=[エケゲセゼテデネヘベペメレェ])[イエ]|(?<=[オコゴソゾトドノホボポモヨョロヲォ])[ウオ]"
)


class ReadWord(NamedTuple):
    """A word, and how it is said in katakana; a sign is said as itself."""

    written: str
    said: str


def words_read(text: str) -> list[ReadWord]:
    """The words of a text. Open JTalk writes numbers and what is not Japanese otherwise than the text does."""
    # Sudachi and a network would correct a few words with several readings, where they are installed. Everyone shall
    # hear the same.
    words = run_frontend(text, use_sudachi_kanji_yomi=False, predict_nani=False, iu_pronunciation="YuuBase")
    return [
        ReadWord(word["string"], (word["string"] if word["pos"] == "記号" else word["pron"]).replace(_DEVOICED, ""))
        for word in words
    ]


def kana(text: str) -> str:
    """The text as it is said, in katakana; the text itself where Open JTalk reads nothing."""
    return "".join(word.said for word in words_read(text)) or text


def readings(word: str) -> list[str]:
    """All that a word may be read as, in katakana, the likeliest first."""
    paths = (path["features"] for path in run_mecab_nbest_features(word, _PATHS))
    return ["".join(_reading(feature.split(",")) for feature in features) for features in paths]


def _reading(feature: list[str]) -> str:
    """A word's kana, which is the ninth column of a dictionary's entry; the word itself where it has none."""
    return feature[8] if len(feature) > 8 else feature[0]


def sound(kana: str) -> str:
    """Katakana with every long vowel written as ー and ヲ as オ: what is said alike becomes alike."""
    return _LONG.sub("ー", kana).replace("ヲ", "オ")
