"""What a release says of itself: plain values, the same for those that come with this program and for all others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribution:
    """Who made a release, as Wyoming's `info` names it."""

    name: str
    url: str


@dataclass(frozen=True)
class ReleaseLanguage:
    """A language that a release speaks."""

    tag: str
    """BCP 47 tag as advertised, such as "de-DE"."""
    name: str
    """English name, for people."""
    letter: str
    """The first letter of its voices' names."""
    g2p: str
    """How its text becomes phonemes, such as "espeak:de"."""
    best_voice: str | None
    """The voice for a request that names only the language; None for the first one."""
    texts: tuple[str, ...]
    """Sample texts. The first is spoken before anybody listens; all are what a network learns its own sound with."""
    symbols: tuple[tuple[str, str], ...] = ()
    """What is replaced in the G2P's phonemes, and by what."""
    aliases: tuple[str, ...] = ()
    """Other spellings that clients send, in lower case with hyphens."""


@dataclass(frozen=True)
class ReleaseDescription:
    """A release's values."""

    name: str
    """By which it is asked for: "v1.0", or the name of its folder."""
    folder: str
    """Its folder below `models/` and `voices/`."""
    label: str
    """The name of its program. Home Assistant builds unique ids from it, so it must never change."""
    version: str
    attribution: Attribution
    licence: str | None
    """Shown beside the version; None where it is told elsewhere, or unknown."""
    weights: tuple[str, ...]
    """Names of the file with the weights; the first that is there is taken."""
    sha256: str | None
    """Of that file, in lower case; None where it is not pinned."""
    config: str
    """The file with the network's sizes, or the name of a release that has the same."""
    vocabulary: str | None
    """The name of a release with the same vocabulary; None for that of `config`."""
    pack_rows: int
    """Style rows of a voice pack, one for each number of phonemes."""
    phonemes_of_row_0: int
    """How many phonemes the first row is for."""
    any_voice_names: bool
    """Whether voices may have other names than Kokoro's, such as af_heart; they speak the first language."""
    max_phonemes: int
    """The most phonemes that are spoken at a time."""
    packs_of: tuple[str, ...]
    """The releases whose packs speak here too, as its makers say."""
    languages: tuple[ReleaseLanguage, ...]
    """The first is the default."""

    @property
    def title(self) -> str:
        """Label and version: "Kokoro v1.0"."""
        return self.label if self.version in self.label else f"{self.label} {self.version}"

    @property
    def longest_phonemes(self) -> int:
        """The most phonemes that its packs have a row for."""
        return self.pack_rows - 1 + self.phonemes_of_row_0

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of its languages."""
        return tuple(language.tag for language in self.languages)

    def language(self, tag: str) -> ReleaseLanguage | None:
        """The language with that tag, or None."""
        return next((language for language in self.languages if language.tag == tag), None)

    def like(self, spelling: str) -> str | None:
        """The tag of its first language with the same language code, whatever the country: "pt" is "pt-PT"."""
        code = spelling.strip().lower().replace("_", "-").partition("-")[0]
        return next((tag for tag in self.tags if tag.partition("-")[0] == code), None)

    def tag_of_letter(self, letter: str) -> str | None:
        """The tag of the language whose voices' names begin with a letter, or None."""
        return next((language.tag for language in self.languages if language.letter == letter), None)

    def best_voice(self, tag: str) -> str | None:
        """The voice for a request that names only a language; None where the release names none."""
        language = self.language(tag)
        return language.best_voice if language else None
