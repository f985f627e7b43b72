"""Names of files, folders, entities and variables, as people who know computers say them, in any language. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
    from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Verbalizer


class _Words(NamedTuple):
    dot: str
    slash: str
    backslash: str
    colon: str
    tilde: str


_WORDS = {
    "en": _Words("dot", "slash", "backslash", "colon", "tilde"),
    "es": _Words("punto", "barra", "barra invertida", "dos puntos", "virgulilla"),
    "fr": _Words("point", "slash", "antislash", "deux points", "tilde"),
    "hi": _Words("डॉट", "स्लैश", "बैकस्लैश", "कोलन", "टिल्ड"),
    "it": _Words("punto", "barra", "barra rovesciata", "due punti", "tilde"),
    "ja": _Words("ドット", "スラッシュ", "バックスラッシュ", "コロン", "チルダ"),
    "pt": _Words("ponto", "barra", "barra invertida", "dois pontos", "til"),
    "zh": _Words("点", "斜杠", "反斜杠", "冒号", "波浪号"),
}
_SPELLED = (
    "js jsx ts tsx md py txt yml cfg pdf csv tsv xml html htm css scss php rb rs cpp hpp sh exe dll gz xz rar iso "
    "img jpg png gif svg bmp mp3 mp4 m4a mkv avi mov sql db ipynb apk deb rpm dmg pth gguf doc docx xls xlsx ppt "
    "pptx ps1 ini"
).split()
"""Ends of file names whose letters are said."""
_SAID = (
    "toml yaml json log conf tar zip bin bat bash jpeg webp webm wav ogg flac onnx safetensors env vue sqlite".split()
)
"""Those that are said as words."""
_END = "|".join(sorted((*_SPELLED, *_SAID), key=len, reverse=True))
_NAMES = {"README": "read me", "etc": "etsy", "usr": "user", "tmp": "temp"}
"""Parts of names in English, as they are said."""

_DOMAINS = (
    "automation binary_sensor button calendar camera climate cover device_tracker event fan group humidifier image "
    "input_boolean input_button input_datetime input_number input_select input_text light lock media_player notify "
    "number person remote scene script select sensor siren sun switch todo tts stt update vacuum valve water_heater "
    "weather zone counter timer conversation homeassistant alarm_control_panel schedule wake_word assist_satellite"
)
"""Home Assistant's, which begin the names of its entities and actions."""
_FOLDERS = (
    "etc|usr|var|home|tmp|opt|root|dev|proc|sys|mnt|media|bin|lib|share|config|data|ssl|backup|addons|www|boot|srv"
)
_IN_NAME = "A-Za-z0-9_@+-"


def rules(language: Verbalizer) -> Iterator[Rule]:
    """In the order in which they are tried."""
    words = _WORDS[language.locale[:2]]
    is_english = language.locale.startswith("en")

    def said(name: str) -> str:
        for sign, word in (("/", words.slash), ("\\", words.backslash), (":", words.colon), ("~", words.tilde)):
            name = name.replace(sign, f" {word} ")
        name = re.sub(rf"\.({_END})(?![\w.])", lambda end: f" {words.dot} {_end_in_words(end[1])}", name)
        name = re.sub(r"\.(?=\w)", f" {words.dot} ", name).replace("_", " ")
        parts = (_NAMES.get(part, part) if is_english else part for part in name.split())
        return " ".join(parts)

    def whole(found: Found) -> str:
        return said(found[0])

    domains = "|".join(_DOMAINS.split())
    yield re.compile(r"(?<![\w\\])[A-Z]:\\(?:[\w.-]{1,60}\\?){0,12}"), whole
    yield re.compile(rf"(?<![\w/.:<>)\]~])(?:~|\.\.?)(?:/[{_IN_NAME}.]{{0,60}}[{_IN_NAME}]){{1,12}}/?"), whole
    yield re.compile(rf"(?<![\w/.:<>)\]~*-])(?:/[{_IN_NAME}.]{{0,60}}[{_IN_NAME}]){{2,12}}/?(?![\w/])"), _path(said)
    yield re.compile(rf"(?<![\w/.:<>)\]~*-])/(?:{_FOLDERS})\b/?(?![\w/])"), whole
    yield (
        re.compile(rf"(?<![\w/.:@~-])[{_IN_NAME}]{{1,60}}(?:\.[{_IN_NAME}]{{1,60}}){{0,4}}?\.(?:{_END})(?![\w@]|\.\w)"),
        whole,
    )
    yield (
        re.compile(
            rf"(?:\b(?P<article>[Tt]he|an?|my|your|this|that) )?"
            rf"(?<![\w/.@-])(?:{domains})\.[a-z0-9_]{{1,80}}(?![\w@]|\.\w)"
        ),
        (lambda found: found[0] if found["article"] and "_" not in found[0] else said(found[0])),
    )
    yield re.compile(r"(?<![\w/.@])[A-Za-z][A-Za-z0-9]{0,40}(?:_[A-Za-z0-9]{1,40}){1,12}(?![\w@])"), whole
    yield re.compile(r"(?:(?<=\s)|^)\.(?=[a-z]{2}|NET\b)"), lambda _: f"{words.dot} "
    first = "eight oh two" if is_english else language.integer(802)
    yield (
        re.compile(r"(?<![\w.,])802\.([0-9]{1,2})([a-z]{0,2})(?![\w]|\.\w)"),
        (lambda found: " ".join((first, words.dot, language.integer(int(found[1])), *found[2].upper()))),
    )
    dotted = rf"(?:(?<=\.)|(?<= {re.escape(words.dot)} ))[0-9]{{1,3}}"
    yield re.compile(rf"({dotted})/([0-9]{{1,2}})(?![\w/.])"), lambda found: f"{found[1]} {words.slash} {found[2]}"


def letters_behind_figure(found: Found) -> str:
    """What stands behind a figure in capitals, letter by letter: "2FA"."""
    return " ".join((found[1], *found[2]))


FIGURE_AND_LETTERS = re.compile(r"(?<![\w.,/-])([0-9]{1,2})(?!ST\b|ND\b|RD\b|TH\b|UP\b)([A-Z]{2,4})(?![\w/-])")
"""A name such as "2FA" and "4WD", once units and times are words."""


def _path(said: Callable[[str], str]) -> Callable[[Found], str]:
    def path(found: Found) -> str:
        is_path = re.search("[A-Za-z]{2}", found[0]) is not None
        return said(found[0]) if is_path else found[0]

    return path


def _end_in_words(end: str) -> str:
    return " ".join(end.upper()) if end in _SPELLED else end
