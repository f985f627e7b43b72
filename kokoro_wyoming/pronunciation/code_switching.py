"""Tells the language of a text from its letters. Pure.

A sentence is read in one language. Words in letters that this language does not have are read in another: Latin in a
Japanese or Chinese sentence, kana, Han or Devanagari elsewhere. The scripts are Unicode's blocks.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, replace

from kokoro_wyoming.pronunciation.normalization import formulas
from kokoro_wyoming.text.sentences import Run

_LATIN, _KANA, _HAN = "Latin", "kana", "Han"

_SCRIPTS = (
    (_LATIN, "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"),
    (_KANA, "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"),
    (_HAN, "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"),
    ("hi-IN", "\u0900-\u0963\u0970-\u097f"),
    ("ru", "\u0400-\u052f"),
    ("el", "\u0370-\u03ff\u1f00-\u1fff"),
    ("ko", "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"),
    ("ar", "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc"),
    ("he", "\u0590-\u05ff\ufb1d-\ufb4f"),
    ("bn", "\u0980-\u09ff"),
    ("pa", "\u0a00-\u0a7f"),
    ("gu", "\u0a80-\u0aff"),
    ("ta", "\u0b80-\u0bff"),
    ("te", "\u0c00-\u0c7f"),
    ("kn", "\u0c80-\u0cff"),
    ("ml", "\u0d00-\u0d7f"),
    ("si", "\u0d80-\u0dff"),
    ("ka", "\u10a0-\u10ff\u1c90-\u1cbf"),
    ("hy", "\u0530-\u058f"),
    ("am", "\u1200-\u137f"),
)
FOREIGN = tuple(tag for tag, _ in _SCRIPTS[4:])
"""Languages that have no Kokoro voice, each the most read of its script."""

_SCRIPT = re.compile("|".join(f"(?P<s{at}>[{block}])" for at, (_, block) in enumerate(_SCRIPTS)))

_OWN = {"ja-JP": {_KANA, _HAN}, "zh-CN": {_HAN}, "hi-IN": {"hi-IN", _LATIN}}
"""The scripts that a language's G2P reads; all others read Latin. Hindi's G2P reads English words in Latin itself."""
_EUROPEAN = {_LATIN}

_UNIT = re.compile(
    r"(?:(?<=[\d°%])|(?<=\d[ /])|(?<=[$€£¥￥¢円元]/))(?:BTU/\(h[⋅·]ft²\)|fl\.? ?oz\.?|sq\.? [a-z]{1,2}|kvarh"
    r"|[A-Za-zµμ]{1,4}[²³]?(?:/(?:100 )?[A-Za-z]{1,4}[²³]?)?)(?![A-Za-z])"
)
"""Perhaps a unit, which the language of its number names."""

_FORMULA = re.compile(rf"{formulas.WRITTEN}|{formulas.PARTICLES}")
"""A chemical formula, which every language says in its own way."""


_BETWEEN = re.compile(r"[\s0-9'’&+/_@.,:\-・]{0,20}")
"""Signs between two words of a foreign script that are read with these words."""
_SENTENCE_END = re.compile(r"[.:,]\s")
_WITH_HIRAGANA = re.compile(
    "[\u30a1-\u30fa\u30fc\u3005-\u3007\u4e00-\u9fff]*[\u3041-\u3096][\u3041-\u30ff\u4e00-\u9fff]*"
)
_HYPHEN_BEFORE_DIGIT = re.compile("-(?=[0-9])")
_DIGITS_BEFORE = re.compile(r"(?<![0-9.,:])[0-9]{1,9}$")
_DIGITS_AFTER = re.compile(r"[0-9]{1,9}(?![0-9]|[.,:][0-9]|[%°])|[₀-₉]{1,9}")


@dataclass(frozen=True)
class _Stretch:
    """Neighbouring letters of one script, with the signs between them."""

    script: str
    start: int
    end: int


def languages_of(text: str, likely: Collection[str] = ()) -> tuple[str, ...]:
    """The tags that fit a text's letters, the likeliest first: Hindi for Devanagari, Japanese for kana, both for Han.

    Han that Japan does not write is Chinese. For Han that both write, one of the `likely` languages comes first. Empty
    where most letters are of another script, as several languages share each of those.
    """
    counts = Counter(_name(found) for found in _SCRIPT.finditer(text))
    han, kana = counts[_HAN], counts[_KANA]
    # One letter says as much as two or three of an alphabet.
    if 3 * (han + kana) <= counts.total() - han - kana:
        return ("hi-IN",) if 2 * counts["hi-IN"] > counts.total() else ()
    japan_writes = _japan_writes(text)
    if not (kana or japan_writes):
        return ("zh-CN",)
    if japan_writes and kana > text.count("の"):  # which Chinese shops and brands have in their names, too
        return ("ja-JP",)
    if kana:  # one quotes the other
        is_chinese = han >= kana and not japan_writes
    else:
        china_writes = _fits(text, "gb2312") or _fits(text, "big5")
        is_chinese = china_writes and ("zh-CN" in likely or "ja-JP" not in likely)
    return ("zh-CN", "ja-JP") if is_chinese else ("ja-JP", "zh-CN")


def has_letters(text: str) -> bool:
    """Whether the text has a letter."""
    return any(character.isalpha() for character in text)


def split(run: Run, language: str, readable: Container[str], *, units_stay: bool = False) -> Iterator[Run]:
    """The run in parts. A part in foreign letters has a language of its own, if that is one of `readable`.

    `language` is the tag that the run is read in. With `units_stay`, what may be a unit stays with its number.
    """
    text, at = run.text, 0
    for stretch in _foreign(text, language, units_stay):
        tag = _tag_of(stretch, text, language)
        if tag == language or tag not in readable:
            continue
        start = max(at, stretch.start)  # digits between two scripts are the first one's
        if at < start:
            yield replace(run, text=text[at:start])
        yield replace(run, text=text[start : stretch.end], language=tag)
        at = stretch.end
    if at < len(text) or not text:
        yield replace(run, text=text[at:])


def folded(text: str) -> str:
    """The text; Latin letters that no G2P knows (Vietnamese, transliterations) lose their accents."""
    return re.sub("[\u1e00-\u1eff]", lambda found: unicodedata.normalize("NFD", found[0])[0], text)


def _foreign(text: str, language: str, units_stay: bool) -> Iterator[_Stretch]:
    own = _OWN.get(language, _EUROPEAN)
    units = [found.span() for of_own in (_UNIT, _FORMULA) for found in of_own.finditer(text)] if units_stay else []
    for stretch in _stretches(text, language):
        mine = stretch.script in own and not _is_simplified_in_japanese(stretch, text, language)
        if mine or _is_in(units, stretch, text):
            continue
        with_digits = _with_digits(stretch, text)
        if not _says_digits(text, language):
            yield with_digits
        elif with_digits == stretch or not units_stay:
            # A hyphen before digits would be a minus without its letters: "COVID-19".
            hyphen = _HYPHEN_BEFORE_DIGIT.match(text, stretch.end)
            yield replace(stretch, end=hyphen.end()) if hyphen else stretch


def _is_in(spans: Collection[tuple[int, int]], stretch: _Stretch, text: str) -> bool:
    """Whether all letters of a stretch are in one of the spans, as in "5V 2A"."""
    letters = [at for at in range(stretch.start, stretch.end) if text[at].isalpha()]
    return bool(letters) and all(any(start <= at < end for start, end in spans) for at in letters)


def _says_digits(text: str, language: str) -> bool:
    """Whether the digits at foreign letters are the sentence's: Chinese says "san D" for 3D, and "MP san" for MP3."""
    return language == "zh-CN" and any(_name(found) == _HAN for found in _SCRIPT.finditer(text))


def _stretches(text: str, language: str) -> Iterator[_Stretch]:
    """Neighbouring letters of one script as one stretch, with the signs between them."""
    japanese = [(0, len(text))] if language != "zh-CN" else [found.span() for found in _japanese(text)]
    last: _Stretch | None = None
    for found in _SCRIPT.finditer(text):
        script, at = _name(found), found.start()
        between = text[last.end : at] if last else ""
        if last and last.script == script and _BETWEEN.fullmatch(between) and not _SENTENCE_END.search(between):
            last = _Stretch(script, last.start, found.end())
        elif last and not between and {last.script, script} == {_KANA, _HAN} and _within(at, japanese):
            last = _Stretch(_KANA, last.start, found.end())
        else:
            if last is not None:
                yield last
            last = _Stretch(script, at, found.end())
    if last is not None:
        yield last


def _japanese(text: str) -> Iterator[re.Match[str]]:
    """Words with kana in a Chinese text whose Han is of Japan's standard too."""
    return (found for found in _WITH_HIRAGANA.finditer(text) if _japan_writes(found[0]))


def _within(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < at < end for start, end in spans)


def _with_digits(stretch: _Stretch, text: str) -> _Stretch:
    """The stretch with the digits directly at its ends ("MP3", "2FA", "7時")."""
    start, end = stretch.start, stretch.end
    head = _DIGITS_BEFORE.search(text, 0, start)
    if head is not None and not text[:start].endswith(" "):
        start = head.start()
    tail = _DIGITS_AFTER.match(text, end)
    return _Stretch(stretch.script, start, tail.end() if tail else end)


def _tag_of(stretch: _Stretch, text: str, language: str) -> str:
    if stretch.script == _LATIN:
        return "en-US"
    if stretch.script == _KANA:
        return "ja-JP"
    letters = text[stretch.start : stretch.end]
    if stretch.script == "el" and len(letters.strip("0123456789")) == 1:
        # A sign in a formula: English has a name for it, and every European G2P.
        return "en-US" if language in ("ja-JP", "zh-CN") else language
    if stretch.script != _HAN:
        return stretch.script
    if language == "zh-CN" or not _japan_writes(letters):
        return "zh-CN"
    return "zh-CN" if _fits(letters, "gb2312") else "ja-JP"


def _is_simplified_in_japanese(stretch: _Stretch, text: str, language: str) -> bool:
    """Whether it is Han that Japan does not write, such as simplified letters."""
    return language == "ja-JP" and stretch.script == _HAN and not _japan_writes(text[stretch.start : stretch.end])


def _japan_writes(letters: str) -> bool:
    """Whether the Han is Japan's: of its usual standard, or of that of 2004 unless China writes it."""
    newer = "".join(letter for letter in set(letters) if not _fits(letter, "cp932"))
    return not newer or (_fits(newer, "shift_jis_2004") and not any(_fits(letter, "gb2312") for letter in newer))


def _fits(letters: str, standard: str) -> bool:
    han = "".join(re.findall("[\u3400-\u9fff]", letters))
    return han.encode(standard, "ignore").decode(standard) == han


def _name(found: re.Match[str]) -> str:
    return _SCRIPTS[int(str(found.lastgroup)[1:])][0]
