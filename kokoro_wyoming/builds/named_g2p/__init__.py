"""The G2P that a release's file names for a language.

| name | |
|---|---|
| `espeak:LANGUAGE` | espeak-ng, in any of its languages (`espeak_languages`), with the symbols of misaki's espeak |
| `misaki:CLASS[:VERSION]` | misaki's `en`, `ja`, `zh`, `zh:1.1`, `espeak`, `ko`, `vi` or `he` |
| `command:PROGRAM ARG...` | a program that answers each line of text with a line of phonemes; see `program` |
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from kokoro_wyoming.builds.named_g2p.interface import NamedG2P as NamedG2P
from kokoro_wyoming.builds.named_g2p.libraries import Library, espeak_languages, espeak_pipeline, misaki_pipeline
from kokoro_wyoming.builds.named_g2p.program import Limits as Limits
from kokoro_wyoming.builds.named_g2p.program import Program
from kokoro_wyoming.errors import UnknownLanguageError

__all__ = ["Limits", "NamedG2P", "check_name", "espeak_languages", "make_g2p"]

_AS_MADE: Mapping[str, str] = MappingProxyType({})
_KINDS = ("espeak", "misaki", "command")


def check_name(name: str) -> None:
    """ValueError says what is wrong with how a G2P is named, such as "is no G2P: ..."; nothing is loaded."""
    kind, colon, rest = name.partition(":")
    if kind not in _KINDS or not colon:
        raise ValueError("is no G2P: write espeak:LANGUAGE, misaki:CLASS or command:PROGRAM")
    if not rest.strip():
        raise ValueError(f"names no {'program' if kind == 'command' else 'language' if kind == 'espeak' else 'class'}")
    if kind == "command":
        try:
            shlex.split(rest)
        except ValueError as error:
            raise ValueError(f"has an open quotation ({error})") from error


def make_g2p(
    name: str,
    language: str,
    *,
    symbols: Mapping[str, str] = _AS_MADE,
    commands_allowed: bool = False,
    limits: Limits | None = None,
) -> NamedG2P:
    """The G2P of that name for a language's tag.

    `symbols` are replaced in what the G2P makes, the longest first, each place once. A program is started only where
    `commands_allowed`, and held to `limits`. ValueError for a name as `check_name` tells; UnknownLanguageError where
    what it names is not there, or may not be started.
    """
    check_name(name)
    kind, _, rest = name.partition(":")
    if kind == "espeak":
        return Library(espeak_pipeline(rest.strip(), language), symbols)
    if kind == "misaki":
        return Library(misaki_pipeline(rest.strip(), language), symbols)
    if not commands_allowed:
        raise UnknownLanguageError(
            f"{language} cannot be spoken: its G2P is a program of its own, and the settings do not allow any."
        )
    return Program(shlex.split(rest), language, symbols, limits or Limits())
