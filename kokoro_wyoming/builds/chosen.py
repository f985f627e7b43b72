"""Which languages were chosen where the program was installed by scripts/setup_venv.sh, which leaves a note of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from kokoro_wyoming.languages import extra_of, match_language

NOTE = "kokoro-wyoming.languages"
"""The file in the virtual environment: the words of KOKORO_LANGUAGES, empty for all languages."""


def is_left_out(tag: str) -> bool:
    """Whether others were chosen than the language of an advertised tag."""
    words = re.split(r"[\s,]+", _words())
    return (
        words != [""]
        and "all" not in words
        and extra_of(tag) not in {extra_of(chosen) for chosen in map(match_language, words) if chosen}
    )


def how_to_add(tag: str) -> str:
    """The command that installs the language of an advertised tag besides those that were chosen."""
    return f'`KOKORO_LANGUAGES="{_words()} {extra_of(tag)}" ./run.sh`'


def _words() -> str:
    try:
        return (Path(sys.prefix) / NOTE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
