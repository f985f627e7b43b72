"""Compares what was to be said with what a listener wrote down, whatever the spelling: digits or words, kanji or kana.

Both sides become units of sound or words in one spelling, and the error rate is the edits between them over the units
that were to be said. English, Spanish, French, Italian and Portuguese are compared by words, Japanese by morae, Chinese
by syllables with tones, as a homophone that the listener spells otherwise was not said wrongly; Hindi by consonants.

Needs `pip install jiwer num2words`; Japanese and Chinese are read by the packages that Kokoro reads them with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import jiwer

from scripts.consonants import consonants
from scripts.spellings import ENGLISH_SPELLINGS, HINDI_NUMBERS, MINUS, MONEY, NUM2WORDS, POINT, SYMBOLS

_MARKS = re.compile(r"[^\w\s]|_")
_NO_LETTER = {0: r"(?<![^\W\d_])", -1: r"(?![^\W\d_])"}
"""What has to stand before and after a sign of letters."""


@dataclass(frozen=True)
class Verdict:
    """How far what was heard is from what was to be said, at best."""

    errors: int
    """Edits, at most `units`: more than everything wrong is a listener saying one thing over and over."""
    units: int
    """Words, morae, syllables or consonants that were to be said."""
    letters: float
    """Letter error rate, 0 to 1."""
    said: str
    """What was to be said, in one spelling."""
    heard: str

    @property
    def rate(self) -> float:
        return self.errors / self.units


def judge(said: Iterable[str], heard: str, language: str) -> Verdict:
    """The kindest verdict over all that may be said and all ways to read what was heard; `language` has two letters."""
    found = readings(heard, language)
    verdicts = [_compare(one, other) for text in said for one in readings(text, language) for other in found]
    return min(verdicts, key=lambda verdict: (verdict.rate, verdict.letters))


def _compare(said: str, heard: str) -> Verdict:
    if not said:
        raise ValueError("nothing was to be said")
    spelled, found = said.replace(" ", ""), heard.replace(" ", "")
    words = jiwer.process_words(said, heard or "-")
    units = len(said.split())
    errors = min(units, words.substitutions + words.deletions + words.insertions)
    return Verdict(errors, units, min(1.0, jiwer.cer(spelled, found or "-")), said, heard)


def readings(text: str, language: str) -> list[str]:
    """A text as units with single spaces between them, in each way its numbers may be read."""
    text = unicodedata.normalize("NFC", text).replace("’", "'")
    for sign, words in SYMBOLS.get(language, {}).items():
        before, after = (_NO_LETTER[end] if sign[end].isalpha() else "" for end in (0, -1))
        anyhow = re.IGNORECASE if len(sign) > 2 else 0
        text = re.sub(before + re.escape(sign) + after, words, text, flags=anyhow)
    return sorted(set(_READERS[language](text)))


def _english(text: str) -> Iterator[str]:
    # Times, telephone numbers and versions as one row of digits, as the normaliser makes of them when in words.
    for between in ("", " to "):
        yield _english_reading(re.sub(r"(?<=\d)[-–](?=\d)", between, re.sub(r"(?<=\d)[:/](?=\d)", "", text)))


def _english_reading(text: str) -> str:
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text, flags=re.IGNORECASE)
    text = _english_normalizer()(re.sub(r"(?<=\w)[-–—/]|[–—/]", " ", text))
    text = re.sub(r"(?<=\d) (?=\d)", "", re.sub(r"\b(?:sq|square) ", "square ", text))
    for one, other in ENGLISH_SPELLINGS.items():
        text = re.sub(rf"\b{one}\b", other, text)
    return " ".join(text.split())


@cache
def _english_normalizer() -> Callable[[str], str]:
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    normalized: Callable[[str], str] = EnglishTextNormalizer({})
    return normalized


def _in_words(language: str) -> Callable[[str], Iterator[str]]:
    """The normalizer of a language whose words are compared: digits become words."""

    def read(text: str) -> Iterator[str]:
        for one_by_one in (False, True):
            words = _numbers_in_words(text, language, one_by_one)
            yield consonants(words) if language == "hi" else _plain(words)

    return read


def _plain(text: str) -> str:
    """Lower case without marks and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(c for c in apart if unicodedata.category(c) != "Mn" or c > "\u0900")
    return " ".join("".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text).split())


def _numbers_in_words(text: str, language: str, one_by_one: bool) -> str:
    for sign, names in MONEY.items():
        if language in names:
            money = rf"(?:{re.escape(sign)}\s*(\d+)[.,](\d\d)\b)|(?:(\d+)[.,](\d\d)\s*{re.escape(sign)})"
            text = re.sub(money, _money(names[language]), text)
            text = re.sub(rf"{re.escape(sign)}\s*(\d[\d.]*)", rf"\1 {names[language]} ", text)
            text = text.replace(sign, f" {names[language]} ")
    if language == "hi":
        text = re.sub(r"(?<=\d),(?=\d\d(?:,\d\d)*,?\d)", "", re.sub(r"₹\s*([\d,.]*\d)", r"\1 रुपये", text))
    text = re.sub(r"(?<![\w.,])[-−](?=\d)", f"{MINUS[language]} ", text)
    text = re.sub(r"\b(\d{1,2})\s?[hH]\s?(\d\d)?\b", _hours(language), text)
    text = re.sub(r"(?<=\d)[:/\-–](?=\d)", " ", text)
    text = re.sub(r"(?<!\d)(\d{1,3})(?:[.,\s\u202f\u00a0]\d{3})+(?![\d.,])", lambda m: re.sub(r"\D", "", m[0]), text)
    mark = r"\.?[ºª°]|(?:er|re|ère|ème|e)\b" if language == "fr" else r"\.?[ºª]"
    text = re.sub(rf"(\d+)({mark})", lambda m: f" {_ordinal(int(m[1]), language, 'ª' in m[2])} ", text)
    text = re.sub(r"(\d+)[.,](\d+)", lambda m: f"{m[1]} {POINT[language]} {m[2]}", text)
    text = re.sub(r"\d+", lambda m: f" {_number(m[0], language, one_by_one)} ", text)
    return re.sub(r"\b(un)[ao]? +(euro|real)(?:s|es)?\b", r"\1 \2", text)


def _money(name: str) -> Callable[[re.Match[str]], str]:
    return lambda found: " ".join([found[1] or found[3], name, found[2] or found[4]])


def _hours(language: str) -> Callable[[re.Match[str]], str]:
    word = {"fr": "heures", "pt": "horas", "es": "horas"}.get(language, "")
    return lambda found: f"{found[1]} {word} {found[2] or ''}"


def _ordinal(number: int, language: str, feminine: bool) -> str:
    if language not in NUM2WORDS:
        return str(number)
    from num2words import num2words

    ordinal = str(num2words(number, lang=NUM2WORDS[language], to="ordinal"))
    return re.sub(r"o\b", "a", ordinal) if feminine else ordinal


def _number(digits: str, language: str, one_by_one: bool) -> str:
    if (one_by_one and len(digits) > 2) or digits[0] == "0" or len(digits) > 9:
        return " ".join(_cardinal(int(digit), language) for digit in digits)
    return _cardinal(int(digits), language)


def _cardinal(number: int, language: str) -> str:
    if language == "hi":
        return _hindi_cardinal(number)
    from num2words import num2words

    return str(num2words(number, lang=NUM2WORDS[language]))


def _hindi_cardinal(number: int) -> str:
    for size, name in ((100_000, "लाख"), (1000, "हज़ार"), (100, "सौ")):
        if number >= size:
            rest = number % size
            return f"{_hindi_cardinal(number // size)} {name} {_hindi_cardinal(rest) if rest else ''}"
    return HINDI_NUMBERS[number]


def _japanese(text: str) -> Iterator[str]:
    import pyopenjtalk

    text = unicodedata.normalize("NFKC", text.replace("℃", "度"))
    text = re.sub(r"(\d+):(\d\d)", r"\1時\2分", re.sub(r"(?<=\d)[,，](?=\d{3})", "", text)).replace("°C", "度")
    text = re.sub(r"[\s、。！？「」『』・…,!?]+|\.(?!\d)", "", text)
    kana = re.sub(r"[^ァ-ヴー]", "", str(pyopenjtalk.g2p(text, kana=True)))
    yield " ".join(re.findall(r"[ァ-ヴー][ァィゥェォャュョヮ]?", _long_vowels(kana)))


_VOWEL_ROWS = {
    "ア": "アカガサザタダナハバパマヤラワャァ",
    "イ": "イキギシジチヂニヒビピミリィ",
    "ウ": "ウクグスズツヅヌフブプムユルュゥヴ",
    "エ": "エケゲセゼテデネヘベペメレェ",
    "オ": "オコゴソゾトドノホボポモヨロヲョォ",
}


def _long_vowels(kana: str) -> str:
    """Long vowels as a bar, however they are written: a word read alone and one in a sentence are written otherwise."""
    for vowel, row in _VOWEL_ROWS.items():
        kana = re.sub(rf"(?<=[{row}]){vowel}", "ー", kana)
    kana = re.sub(rf"(?<=[{_VOWEL_ROWS['オ']}])ウ", "ー", kana)
    return re.sub(rf"(?<=[{_VOWEL_ROWS['エ']}])イ", "ー", kana)


def _chinese(text: str) -> Iterator[str]:
    import cn2an
    from pypinyin import Style, lazy_pinyin

    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"(\d+)[:：](\d\d)", r"\1点\2分", text)
    for one_by_one in (False, True):
        if one_by_one:
            spelled = re.sub(r"\d", lambda m: "零一二三四五六七八九"[int(m[0])], text)
        else:
            spelled = cn2an.transform(text, "an2cn")
        spelled = _MARKS.sub(" ", spelled).replace("两", "二").replace("〇", "零").replace("幺", "一")
        syllables = lazy_pinyin(spelled, style=Style.TONE3, neutral_tone_with_five=True)
        yield " ".join(" ".join(part if part[-1:].isdigit() else " ".join(part) for part in syllables).split())


_READERS: dict[str, Callable[[str], Iterator[str]]] = {
    "en": _english,
    "ja": _japanese,
    "zh": _chinese,
    **{language: _in_words(language) for language in ("es", "fr", "hi", "it", "pt")},
}
