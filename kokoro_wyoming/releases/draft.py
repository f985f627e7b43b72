"""A first `release.yaml` for a folder: what is known, and comments where the owner has to say the rest. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """What is known of a release before its owner says more; None where that is nothing."""

    name: str
    weights: str
    sha256: str
    config: str
    rows: int
    languages: Mapping[str, str]
    """G2P by tag."""
    letters: Mapping[str, str]
    """First letters of voices' names, by tag, where they are others than the tag's."""
    best_voices: Mapping[str, str]
    texts: Mapping[str, Sequence[str]]
    licence: str | None = None
    attribution: str | None = None
    url: str | None = None


UNKNOWN_NAME, UNKNOWN_URL = "unknown", "https://example.org/"


def draft(known: Known) -> str:
    """The text of a `release.yaml`. It can be read unless no language is known."""
    lines = [
        "# What kokoro-wyoming knows of this release; docs/releases.md explains each value.",
        "",
        "# The name of its program. Home Assistant remembers it: choose once.",
        f"label: {_text('Kokoro ' + known.name.replace('_', ' ').replace('-', ' ').title())}",
        'version: "1"',
        *_attribution(known),
        *_licence(known),
        f"weights: {{file: {_text(known.weights)}, sha256: {known.sha256}}}",
        *_config(known),
        f"voices: {{rows: {known.rows}, first_row: {0 if known.rows == 511 else 1}}}",
        *_languages(known),
    ]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A text as YAML has it in quotes."""
    return json.dumps(value, ensure_ascii=False)


def _attribution(known: Known) -> list[str]:
    told = [] if known.attribution and known.url else ["# FILL IN: who made it, and where it is published."]
    name, url = known.attribution or UNKNOWN_NAME, known.url or UNKNOWN_URL
    return [*told, f"attribution: {{name: {_text(name)}, url: {_text(url)}}}"]


def _licence(known: Known) -> list[str]:
    if known.licence:
        return [f"licence: {_text(known.licence)}"]
    return ["# FILL IN: its licence, such as Apache-2.0; null is not known.", "licence: null"]


def _config(known: Known) -> list[str]:
    told = "# The folder has no config.json: these are the sizes and the vocabulary of another release. CHECK."
    return [*([] if known.config.endswith(".json") else [told]), f"config: {_text(known.config)}"]


def _languages(known: Known) -> list[str]:
    if not known.languages:
        return [
            "# FILL IN: the languages, by tag: their G2P (espeak:LANGUAGE, misaki:CLASS) and some sentences.",
            "languages:",
            "#  de-DE:",
            '#    g2p: "espeak:de"',
            "#    best_voice: df_anna",
            "#    texts: [Alles ist bereit.]",
        ]
    lines = [
        "# CHECK: the G2P that it was trained with. FILL IN: texts; the first is its sample, eight teach it windows."
    ]
    lines.append("languages:")
    for tag, g2p in known.languages.items():
        lines += [f"  {tag}:", f"    g2p: {_text(g2p)}"]
        if tag in known.letters:
            lines.append(f"    letter: {known.letters[tag]}")
        if tag in known.best_voices:
            lines.append(f"    best_voice: {_text(known.best_voices[tag])}")
        lines += ["    texts:", *(f"      - {_text(text)}" for text in known.texts[tag])]
    return lines
