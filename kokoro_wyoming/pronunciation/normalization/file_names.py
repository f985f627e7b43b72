"""Names of files, folders, entities and variables, as people who know computers say them, in any language. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
    from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Verbalizer


class Words(NamedTuple):
    """What a language says for the signs in names of files, and in addresses."""

    dot: str
    at: str
    slash: str
    backslash: str
    colon: str
    tilde: str


WORDS = {
    "de": Words("Punkt", "at", "Schrägstrich", "Backslash", "Doppelpunkt", "Tilde"),
    "en": Words("dot", "at", "slash", "backslash", "colon", "tilde"),
    "es": Words("punto", "arroba", "barra", "barra invertida", "dos puntos", "virgulilla"),
    "fr": Words("point", "arobase", "slash", "antislash", "deux points", "tilde"),
    "hi": Words("डॉट", "ऐट", "स्लैश", "बैकस्लैश", "कोलन", "टिल्ड"),
    "it": Words("punto", "chiocciola", "barra", "barra rovesciata", "due punti", "tilde"),
    "ja": Words("ドット", "アットマーク", "スラッシュ", "バックスラッシュ", "コロン", "チルダ"),
    "nl": Words("punt", "apenstaartje", "slash", "backslash", "dubbele punt", "tilde"),
    "pl": Words("kropka", "małpa", "ukośnik", "ukośnik wsteczny", "dwukropek", "tylda"),
    "pt": Words("ponto", "arroba", "barra", "barra invertida", "dois pontos", "til"),
    "sv": Words("punkt", "snabel-a", "snedstreck", "omvänt snedstreck", "kolon", "tilde"),
    "zh": Words("点", "艾特", "斜杠", "反斜杠", "冒号", "波浪号"),
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


_TOKEN = re.compile(r"(?<!\S)\S*[._/\\][^\s._/\\]\S*")
"""Whatever may hold such a name, up to the next blank."""
_ARTICLE = re.compile(r"(?:^|\s)(?:the|an?|my|your|this|that) $", re.IGNORECASE)


def rules(language: Verbalizer) -> Iterator[Rule]:
    """One for all kinds of names, so that a text without any costs one look."""
    if language.locale[:2] in WORDS:
        yield _TOKEN, _Reader(language).token


class _Reader:
    def __init__(self, language: Verbalizer) -> None:
        self._language = language
        self._words = WORDS[language.locale[:2]]
        self._is_english = language.locale.startswith("en")
        self._standard = "eight oh two" if self._is_english else language.integer(802)

    def token(self, found: Found) -> str:
        """The names in what stands between two blanks."""
        text, before = found[0], found.string[max(0, found.start() - 8) : found.start()]
        for pattern in _NAME_PATTERNS:
            text = pattern.sub(lambda name: self._said(name[0]), text)
        if not _ARTICLE.search(before) or "_" in text:
            text = _ENTITY.sub(lambda name: self._said(name[0]), text)
        text = _VARIABLE.sub(lambda name: name[0].replace("_", " "), text)
        text = _HIDDEN.sub(f"{self._words.dot} ", text)
        text = _STANDARD.sub(self._wireless, text)
        if before.endswith(f" {self._words.dot} ") or _NETWORK.search(text):
            text = _NETWORK_SIZE.sub(rf"\1 {self._words.slash} \2", text)
        return text

    def _said(self, name: str) -> str:
        words = self._words
        for sign, word in (("/", words.slash), ("\\", words.backslash), (":", words.colon), ("~", words.tilde)):
            name = name.replace(sign, f" {word} ")
        name = _LAST_PART.sub(lambda end: f" {words.dot} {_end_in_words(end[1])}", name)
        name = re.sub(r"\.(?=\w)", f" {words.dot} ", name).replace("_", " ")
        return " ".join(_NAMES.get(part, part) if self._is_english else part for part in name.split())

    def _wireless(self, found: Found) -> str:
        """A wireless network's standard, such as "802.11ac"."""
        return " ".join((self._standard, self._words.dot, self._language.integer(int(found[1])), *found[2].upper()))


_DOMAIN = "|".join(_DOMAINS.split())
_NAME_PATTERNS = (
    re.compile(r"(?<![\w\\])[A-Z]:\\(?:[\w.-]{1,60}\\?){0,12}"),
    re.compile(rf"(?<![\w/.:<>)\]~])(?:~|\.\.?)(?:/[{_IN_NAME}.]{{0,60}}[{_IN_NAME}]){{1,12}}/?"),
    # Two letters side by side, as "/1/a" is no path.
    re.compile(
        rf"(?<![\w/.:<>)\]~*-])(?=[^\s]{{0,60}}?[A-Za-z]{{2}})(?:/[{_IN_NAME}.]{{0,60}}[{_IN_NAME}]){{2,12}}/?(?![\w/])"
    ),
    re.compile(rf"(?<![\w/.:<>)\]~*-])/(?:{_FOLDERS})\b/?(?![\w/])"),
    re.compile(
        rf"(?<![\w/.:@~-])(?:[{_IN_NAME}]{{1,60}}/){{0,8}}"
        rf"[{_IN_NAME}]{{1,60}}(?:\.[{_IN_NAME}]{{1,60}}){{0,4}}?\.(?:{_END})(?![\w@]|\.\w)"
    ),
)
_ENTITY = re.compile(rf"(?<![\w/.@-])(?:{_DOMAIN})\.[a-z0-9_]{{1,80}}(?![\w@]|\.\w)")
_VARIABLE = re.compile(r"(?<![\w/.@])[A-Za-z][A-Za-z0-9]{0,40}(?:_[A-Za-z0-9]{1,40}){1,12}(?![\w@])")
_HIDDEN = re.compile(r"^\.(?=[a-z]{2}|NET\b)")
_STANDARD = re.compile(r"(?<![\w.,])802\.([0-9]{1,2})([a-z]{0,2})(?![\w]|\.\w)")
_NETWORK = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}/")
_NETWORK_SIZE = re.compile(r"(?<![0-9])([0-9]{1,3})/([0-9]{1,2})(?![\w/.]\w|\w)")
_LAST_PART = re.compile(rf"\.({_END})(?![\w.])")


def _end_in_words(end: str) -> str:
    return " ".join(end.upper()) if end in _SPELLED else end
