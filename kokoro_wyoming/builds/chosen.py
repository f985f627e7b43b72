"""Which languages were chosen where the program was installed by scripts/setup_venv.sh, which leaves a note of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Container
from pathlib import Path

from kokoro_wyoming.languages import TAGS, extra_of, match_language

NOTE = "kokoro-wyoming.languages"
"""The file in the virtual environment: the words of KOKORO_LANGUAGES, empty for all languages."""


def is_left_out(tag: str) -> bool:
    """Whether others were chosen than the language of an advertised tag."""
    chosen = _chosen()
    return bool(chosen) and tag in TAGS and extra_of(tag) not in map(extra_of, chosen)


def house_language(wanted: str, speakable: Container[str]) -> str:
    """The tag that the settings want, or the first chosen one where that cannot be spoken, as it was left out."""
    return wanted if wanted in speakable or not is_left_out(wanted) else _chosen()[0]


def _chosen() -> list[str]:
    """The tags that were chosen, in their order; none means all."""
    words = re.split(r"[\s,]+", _words())
    return [] if "all" in words else [tag for tag in map(match_language, words) if tag]


def how_to_add(tag: str) -> str:
    """The command that installs the language of an advertised tag besides those that were chosen."""
    return f'`KOKORO_LANGUAGES="{_words()} {extra_of(tag)}" ./run.sh`'


def _words() -> str:
    try:
        return (Path(sys.prefix) / NOTE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
