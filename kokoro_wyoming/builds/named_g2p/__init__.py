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
from kokoro_wyoming.releases.g2p_names import check_name

__all__ = ["NOT_ALLOWED", "Limits", "NamedG2P", "espeak_languages", "make_g2p"]

NOT_ALLOWED = "its G2P is a program of its own, which model.allow_g2p_commands has to allow"
"""Why a program is not started, as half a sentence."""
_AS_MADE: Mapping[str, str] = MappingProxyType({})


def make_g2p(
    name: str,
    language: str,
    *,
    symbols: Mapping[str, str] = _AS_MADE,
    program_limits: Limits | None = None,
) -> NamedG2P:
    """The G2P of that name for a language's tag.

    `symbols` are replaced in what the G2P makes, the longest first, each place once. A program is held to
    `program_limits`, and not started where there are none. ValueError for a name as `check_name` tells;
    UnknownLanguageError where what it names is not there, or may not be started.
    """
    check_name(name)
    kind, _, rest = name.partition(":")
    if kind == "espeak":
        return Library(espeak_pipeline(rest.strip(), language), symbols)
    if kind == "misaki":
        return Library(misaki_pipeline(rest.strip(), language), symbols)
    if program_limits is None:
        raise UnknownLanguageError(f"{language} cannot be spoken: {NOT_ALLOWED}.")
    return Program(shlex.split(rest), language, symbols, program_limits)
