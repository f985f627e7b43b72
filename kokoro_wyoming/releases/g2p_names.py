"""How the G2P of a language is named in a release's file; what the names mean is in `builds.named_g2p`. Pure."""

from __future__ import annotations

import shlex

_KINDS = {"espeak": "language", "misaki": "class", "command": "program"}


def check_name(name: str) -> None:
    """ValueError says what is wrong with how a G2P is named, such as "is no G2P: ..."; nothing is loaded."""
    kind, colon, rest = name.partition(":")
    if kind not in _KINDS or not colon:
        raise ValueError("is no G2P: write espeak:LANGUAGE, misaki:CLASS or command:PROGRAM")
    if not rest.strip():
        raise ValueError(f"names no {_KINDS[kind]}")
    if kind == "command":
        try:
            shlex.split(rest)
        except ValueError as error:
            raise ValueError(f"has an open quotation ({error})") from error


def is_command(name: str) -> bool:
    """Whether a G2P is a program of the owner's."""
    return name.partition(":")[0] == "command"
