"""`release.yaml`: a release's values, read as strictly as the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.languages import is_tag, name_in_english
from kokoro_wyoming.releases.description import Attribution, ReleaseDescription, ReleaseLanguage
from kokoro_wyoming.releases.g2p_names import check_name
from kokoro_wyoming.strict_yaml.documents import Document, read_document
from kokoro_wyoming.strict_yaml.messages import Section, keys, sentence
from kokoro_wyoming.strict_yaml.mistakes import Mistake, config_error

FILE_NAME = "release.yaml"
LONGEST_NAME = 40
NAME = re.compile(rf"[a-z0-9][a-z0-9_.-]{{0,{LONGEST_NAME - 1}}}")
"""A release's name, which is that of its folder."""

DEFAULT_ROWS, DEFAULT_PHONEMES = 510, 400
MOST_MISTAKES = 20
"""Of one file at a time; somebody who mends these sees the next ones."""


def _line(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("is not a line of text")
    return value


def _label(value: str) -> str:
    if set(_line(value)) & set("/+@"):
        raise ValueError("has a sign in it that means something in names of voices: /, + or @")
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise ValueError("is not an address, such as https://huggingface.co/someone/kokoro-german")
    return value


def _file(value: str) -> str:
    if not value.isprintable() or "/" in value or "\\" in value or value.strip(". ") == "":
        raise ValueError("is not the name of a file in the release's folder")
    return value


def _several(value: Any) -> Any:
    """One or a list: a tuple."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError("is not a SHA-256: 64 digits, 0 to 9 and a to f")
    return value.lower()


def _letter(value: str) -> str:
    if not re.fullmatch(r"[a-z]", value):
        raise ValueError("is not one small letter, a to z")
    return value


def _g2p(value: str) -> str:
    check_name(value)
    return value


def _tag(value: str) -> str:
    if not is_tag(value):
        raise ValueError("is not a language tag, such as de-DE or pt-PT")
    return value


def _voice(value: str) -> str:
    if not re.fullmatch(r"[^\W_]\w{0,63}", value):
        raise ValueError("is not the name of a voice, such as df_anna: letters, digits and _")
    return value


def _some(value: Any) -> Any:
    if isinstance(value, Mapping | tuple) and not value:
        raise ValueError("is empty; a release needs one at least")
    return value


def _letters_once(languages: Any) -> Any:
    letters = [language.letter or tag[0] for tag, language in languages.items()]
    twice = next((letter for letter in letters if letters.count(letter) > 1), None)
    if twice:
        raise ValueError(f"has the letter {twice} twice; give each language one of its own by `letter`")
    return languages


_Line = Annotated[str, Field(max_length=200), AfterValidator(_line)]
_Files = Annotated[tuple[Annotated[str, AfterValidator(_file)], ...], BeforeValidator(_several), AfterValidator(_some)]
_Symbols = Annotated[str, Field(min_length=1, max_length=16)]
_Texts = Annotated[
    tuple[Annotated[str, Field(max_length=400), AfterValidator(_line)], ...],
    BeforeValidator(_several),
    AfterValidator(_some),
]


class _Attribution(Section):
    name: _Line
    url: Annotated[str, AfterValidator(_url)]


class _Weights(Section):
    file: _Files
    sha256: Annotated[str, AfterValidator(_sha256)] | None = None


class _Voices(Section):
    rows: Annotated[int, Field(ge=2, le=4_096)] = DEFAULT_ROWS
    first_row: Annotated[int, Field(ge=0, le=1)] = 1
    names: Annotated[str, Field(pattern="^(any|kokoro)$")] = "any"
    packs_of: Annotated[tuple[_Line, ...], BeforeValidator(_several)] = ()


class _Limits(Section):
    phonemes: Annotated[int, Field(ge=16, le=510)] = DEFAULT_PHONEMES


class _Language(Section):
    g2p: Annotated[str, AfterValidator(_g2p)]
    texts: _Texts
    name: _Line | None = None
    letter: Annotated[str, AfterValidator(_letter)] | None = None
    best_voice: Annotated[str, AfterValidator(_voice)] | None = None
    symbols: Mapping[_Symbols, Annotated[str, Field(max_length=16)]] = {}
    aliases: Annotated[tuple[_Line, ...], BeforeValidator(_several)] = ()


class ReleaseFile(Section):
    """The content of a `release.yaml`."""

    label: Annotated[str, Field(max_length=63), AfterValidator(_label)]
    version: _Line = "1"
    attribution: _Attribution
    licence: _Line | None = None
    weights: _Weights
    config: Annotated[str, AfterValidator(_file)] = "config.json"
    vocabulary: Annotated[str, AfterValidator(_file)] | None = None
    voices: _Voices = _Voices()
    limits: _Limits = _Limits()
    languages: Annotated[
        Mapping[Annotated[str, AfterValidator(_tag)], _Language], AfterValidator(_some), AfterValidator(_letters_once)
    ]


_KEYS = (*keys(ReleaseFile), *(("languages", "*", *path) for path in keys(_Language)))


def read_release(path: Path, name: str | None = None, folder: str | None = None) -> ReleaseDescription:
    """The release that a file describes. Its name is that of the file's folder, unless another is given.

    Raises ConfigError with every mistake.
    """
    folder = folder or path.absolute().parent.name
    if name is None and not NAME.fullmatch(folder):
        raise ConfigError(f"{path}: {folder[:60]!r} is no name for a release: small letters, digits and -_. make one")
    document = read_document(path)
    try:
        values = ReleaseFile.model_validate(document.values)
    except ValidationError as error:
        told = error.errors(include_url=False)[:MOST_MISTAKES]
        raise config_error([_mistake(details, document) for details in told], str(path)) from error
    return _description(values, name or folder, folder)


def _mistake(details: ErrorDetails, document: Document) -> Mistake:
    path = tuple(key for key in details["loc"] if key != "[key]")
    wanted = path[:-1] if details["type"] == "missing" else path
    plain = ("languages", "*", *path[2:]) if path[:1] == ("languages",) and len(path) > 2 else path
    told = sentence(details, plain, _KEYS, "value of a release")
    return Mistake(document.name, path, told, document.lines.get(document.known(wanted)))


def _description(values: ReleaseFile, name: str, folder: str) -> ReleaseDescription:
    rows, first = values.voices.rows, values.voices.first_row
    return ReleaseDescription(
        name=name,
        folder=folder,
        label=values.label,
        version=values.version,
        attribution=Attribution(values.attribution.name, values.attribution.url),
        licence=values.licence,
        weights=values.weights.file,
        sha256=values.weights.sha256,
        config=values.config,
        vocabulary=values.vocabulary,
        pack_rows=rows,
        phonemes_of_row_0=first,
        any_voice_names=values.voices.names == "any",
        max_phonemes=min(values.limits.phonemes, rows - 1 + first),
        packs_of=values.voices.packs_of,
        languages=tuple(_language(tag, language) for tag, language in values.languages.items()),
    )


def _language(tag: str, language: _Language) -> ReleaseLanguage:
    return ReleaseLanguage(
        tag=tag,
        name=language.name or name_in_english(tag),
        letter=language.letter or tag[0],
        g2p=language.g2p,
        best_voice=language.best_voice,
        texts=language.texts,
        symbols=tuple(language.symbols.items()),
        aliases=tuple(alias.lower().replace("_", "-") for alias in language.aliases),
    )
