"""Whether the G2P that a release names for a language can be had here, told without loading it."""

from __future__ import annotations

import importlib.util

from kokoro_wyoming.builds.named_g2p import NOT_ALLOWED, espeak_languages
from kokoro_wyoming.builds.v1_0 import g2p
from kokoro_wyoming.errors import UnknownLanguageError
from kokoro_wyoming.releases.g2p_names import check_name, is_command

_LETTERS = {"en": "a", "ja": "j", "zh": "z", "zh:1.1": "z"}


def missing_part(name: str, commands_allowed: bool = False) -> str | None:
    """Why a G2P cannot be had here, with the remedy; None where it can, or where only its loading tells."""
    try:
        check_name(name)
    except ValueError as error:
        return f"{name[:60]!r} {error}"
    kind, _, rest = name.partition(":")
    if is_command(name):
        return None if commands_allowed else NOT_ALLOWED
    if rest.strip() == "zh:1.1" and importlib.util.find_spec("pypinyin_dict") is None:
        return "the Python package pypinyin-dict is not installed; run `pip install pypinyin-dict`"
    if kind == "misaki" and rest.strip() in _LETTERS:
        return g2p.missing_part(_LETTERS[rest.strip()])
    fault = g2p.missing_part("e")
    if fault is not None or kind == "misaki":
        return fault
    try:
        is_known = rest.strip().lower() in espeak_languages()
    except UnknownLanguageError as error:
        return str(error)
    return None if is_known else f"espeak has no language {rest.strip()[:40]!r}"
