"""Which languages can be spoken on this machine, by release."""

from __future__ import annotations

from kokoro_wyoming.builds import v0_19, v1_0
from kokoro_wyoming.builds.described import missing_g2p
from kokoro_wyoming.languages import TAGS, kokoro_letter
from kokoro_wyoming.releases import DEFAULT_VERSION, described, is_described, match_version


def installed_languages(version: str = DEFAULT_VERSION, commands_allowed: bool = False) -> dict[str, str | None]:
    """Each language tag of a release with None when it can be spoken here, else the reason and the remedy.

    `commands_allowed` is `model.allow_g2p_commands`.
    """
    name = match_version(version)
    if is_described(name):
        return {language.tag: missing_g2p(language, commands_allowed) for language in described(name).languages}
    if name == v0_19.VERSION:
        return dict.fromkeys(v0_19.LANGUAGES, v0_19.missing_part())
    return {tag: v1_0.missing_part(kokoro_letter(tag)) for tag in TAGS}


def speakable_languages(version: str = DEFAULT_VERSION, commands_allowed: bool = False) -> list[str]:
    """The tags of a release that can be spoken here."""
    return [tag for tag, reason in installed_languages(version, commands_allowed).items() if reason is None]
