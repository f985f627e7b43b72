"""What scripts/setup_venv.sh installs for the chosen languages, as setup.cfg says it; runs on a bare Python.

    python -m scripts.requirements extras "en fr"          the extras of these languages, in one line
    python -m scripts.requirements alone "en fr"           what is installed without what it asks for, one a line
    python -m scripts.requirements together "en fr" dev    all the rest, with the extra `dev`

No words mean all languages, and so does `all`. A word that is no language is told in one sentence, with exit status 1.
"""

from __future__ import annotations

import configparser
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from kokoro_wyoming.languages import TAGS, extra_of, match_language

ALONE = ("kokoro", "misaki", "pyopenjtalk-plus")
"""What these ask for and nobody here imports: spacy-curated-transformers, and a Sudachi dictionary of 190 MB."""
_SETUP = Path(__file__).resolve().parent.parent / "setup.cfg"
_OWN = re.compile(r"kokoro-wyoming\[([\w,]+)\]")


def extras_of(words: str) -> list[str]:
    """The extras of languages in any spelling, such as "en fr" or "en-GB, ja"; ValueError names the choices."""
    every = tuple(dict.fromkeys(map(extra_of, TAGS)))
    extras: set[str] = set()
    for word in re.split(r"[\s,]+", words.strip()):
        tag = match_language(word)
        if tag is None and word not in ("all", ""):
            raise ValueError(f"KOKORO_LANGUAGES has {word!r}, which is not all and none of {' '.join(every)}.")
        extras.update(every if tag is None else (extra_of(tag),))
    return [extra for extra in every if extra in extras]


def requirements(*extras: str) -> list[str]:
    """The package's requirements with these extras and no other, without the conditions on Python's release.

    Those on the processor are kept.
    """
    setup = configparser.ConfigParser()
    setup.read(_SETUP)
    asked = setup["options"]["install_requires"].replace("kokoro-wyoming[all]", "")
    of_extras = (line for extra in extras for line in _of_extra(setup, extra))
    lines = [line for line in dict.fromkeys([*asked.split("\n"), *of_extras]) if line]
    return [line if "platform_machine" in line else line.partition(";")[0].strip() for line in lines]


def _of_extra(setup: configparser.ConfigParser, name: str) -> Iterator[str]:
    for line in setup["options.extras_require"][name].split("\n"):
        own = _OWN.fullmatch(line)
        if own is None:
            yield line
        else:
            for other in own[1].split(","):
                yield from _of_extra(setup, other)


def is_alone(requirement: str) -> bool:
    """Whether it is installed without what it asks for."""
    return re.split("[<>=]", requirement)[0] in ALONE


def main(wanted: str, words: str, *more: str) -> int:
    """Print what is wanted: `extras`, `alone` or `together`."""
    try:
        extras = extras_of(words)
    except ValueError as error:
        print(f"kokoro-wyoming: {error}", file=sys.stderr)
        return 1
    lines = [line for line in requirements(*extras, *more) if is_alone(line) == (wanted == "alone")]
    print(" ".join(extras) if wanted == "extras" else "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
