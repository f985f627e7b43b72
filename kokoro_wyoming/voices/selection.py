"""Chooses one voice of one release, from a client's request and the owner's settings. Pure.

A `VoiceSelector` never changes. When voices are added or removed, a new one replaces it.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kokoro_wyoming.errors import PeerError, UnknownLanguageError, UnknownVersionError, UnknownVoiceError
from kokoro_wyoming.languages import language_name, match_language
from kokoro_wyoming.releases import described, how_to_get, match_version, names
from kokoro_wyoming.voices.blends import Expression, parse
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.descriptions import (
    ProgramDescription,
    SpokenVoice,
    VoiceDescription,
    VoiceOptions,
    VoiceRequest,
    folded,
)


class VoiceSelector:
    """The voices that can speak, and the choice among them."""

    def __init__(self, catalogues: Sequence[Catalogue], weights: Mapping[str, str], choices: VoiceOptions) -> None:
        """`catalogues` has one for each installed release, the default first; `weights` is their kind by release."""
        self._catalogues = {catalogue.version: catalogue for catalogue in catalogues}
        self._default = catalogues[0].version
        self._choices = choices
        self._aliases: dict[str, Expression] = {}
        self.refused: dict[str, str] = {}
        """The reasons why aliases of the owner cannot be used, by name."""
        for name, text in choices.aliases.items():
            self._add_alias(name, text)
        self.programs = tuple(self._describe(catalogue, weights) for catalogue in catalogues)
        """The programs of the server's `info`, the default release first."""

    def check(self) -> None:
        """Raise the error of `resolve` unless the voices in the owner's settings exist."""
        for name in filter(None, (self._choices.voice, *self._choices.voices.values())):
            self._spoken(self._expression(name), self._default, None)

    def resolve(self, request: VoiceRequest, program: str | None = None) -> SpokenVoice:
        """Choose voice, language and release for a request.

        A voice speaks its own language unless the request names another. A request with only a language gets the
        owner's voice for it, or the best one. An empty request gets the owner's default voice. `speaker` refines the
        voice: "@1.2" sets a speed, "+af_sky(0.5)" adds a part to the blend, and the name of another voice replaces the
        voice but not its language. UnknownVoiceError, UnknownLanguageError or UnknownVersionError.
        """
        version = self._version_of(program)
        language = match_language(request.language) if request.language else None
        if request.language and language is None:
            raise self._language_error(request.language, self._catalogues[version])
        name, speaker = request.name, request.speaker
        if speaker and not name and speaker[0] not in "@+":
            name, speaker = speaker, None
        expression = self._expression(name) if name else self._default_voice(language, version, program is None)
        if speaker and speaker != name:
            expression, language = self._refined(expression, speaker, language, version)
        return self._spoken(expression, version, language)

    # Requests

    def _version_of(self, program: str | None) -> str:
        if program is None:
            return self._default
        programs = {described(version).label.casefold(): version for version in names()}
        try:
            return self._installed(programs.get(program.casefold()) or match_version(program))
        except UnknownVersionError as error:
            if "not installed" in str(error):
                raise
            offered = " and ".join(f'"{described(version).label}"' for version in self._catalogues)
            raise UnknownVersionError(f"There is no program {program[:40]!r}; there is {offered}.") from None

    def _installed(self, version: str) -> str:
        if version not in self._catalogues:
            raise UnknownVersionError(f"Kokoro {version} is not installed here; {how_to_get(version)} gets it.")
        return version

    def _expression(self, text: str) -> Expression:
        """The expression for a text: an alias of the owner, an alias with a speed, a voice or a blend."""
        alias = self._aliases.get(folded(text))
        if alias is not None:
            return alias
        expression = parse(text)
        alias = self._aliases.get(folded(expression.name)) if expression.version is None else None
        return expression if alias is None else replace(alias, speed=expression.speed)

    def _refined(
        self, expression: Expression, speaker: str, language: str | None, version: str
    ) -> tuple[Expression, str | None]:
        if speaker[0] in "@+":
            release = f"{expression.version}/" if expression.version else ""
            refined = parse(f"{release}{expression.name}{speaker}")
            return (refined if refined.speed is not None else replace(refined, speed=expression.speed)), language
        return self._expression(speaker), language or self._spoken(expression, version, None).language

    def _default_voice(self, language: str | None, version: str, any_release: bool) -> Expression:
        """The voice for a request that names none: the owner's voice, or the best voice of the language.

        With `any_release`, another release may speak where this one has no voice for the language.
        """
        choices = self._choices
        catalogue = self._catalogues[version]
        if language is None:
            if choices.voice and (own := self._owner_voice(choices.voice, version)):
                return own
            has_language = version == self._default or choices.language in catalogue.languages()
            language = choices.language if has_language else described(version).tags[0]
        others = [other for other in self._catalogues if other != version] if any_release else []
        for candidate in (version, *others):
            own = self._owner_voice(choices.voices.get(language, ""), candidate)
            best = self._catalogues[candidate].best_voice(language)
            if own or best:
                return own or replace(parse(str(best)), version=candidate)
        raise self._language_error(language, catalogue)

    def _owner_voice(self, text: str, version: str) -> Expression | None:
        """The voice of an owner's setting, or None where that release cannot speak it. The default release must."""
        if not text:
            return None
        expression = self._expression(text)
        if version == self._default or expression.version == version:
            return expression
        has_all = all(self._catalogues[version].named(part.name) for part in expression.parts)
        return expression if expression.version is None and has_all else None

    # Voices

    def _spoken(self, expression: Expression, version: str, language: str | None) -> SpokenVoice:
        catalogue = self._catalogues[self._installed(expression.version or version)]
        voices = {part.name: self._voice(part.name, catalogue) for part in expression.parts}
        own = voices[expression.parts[0].name].languages[0]
        expression = expression.renamed({name: voice.name for name, voice in voices.items()})
        if language is not None and language not in catalogue.languages():
            raise self._language_error(language, catalogue)
        speed = self._choices.speed if expression.speed is None else expression.speed
        return SpokenVoice(catalogue.version, expression.name, language or own, speed)

    def _voice(self, name: str, catalogue: Catalogue) -> VoiceDescription:
        """A catalogue's voice, compared without case; UnknownVoiceError with a similar name."""
        voice = catalogue.named(name)
        if voice is not None:
            return voice
        raise UnknownVoiceError(
            f"There is no voice {name[:40]!r} in Kokoro {catalogue.version}; {self._hint(name, catalogue)}"
        )

    def _hint(self, name: str, catalogue: Catalogue) -> str:
        for other in self._catalogues.values():
            if voice := other.named(name):
                return f"Kokoro {other.version} has one: {other.version}/{voice.name}."
        names = [*(voice.name for voice in catalogue.voices), *self._choices.aliases]
        by_folded = {known.casefold(): known for known in names}
        near = difflib.get_close_matches(name[:40].casefold(), by_folded, n=1)
        return f"did you mean {by_folded[near[0]]}?" if near else "`kokoro-wyoming voices` lists them."

    @staticmethod
    def _language_error(language: str, catalogue: Catalogue) -> UnknownLanguageError:
        spoken = ", ".join(catalogue.languages())
        return UnknownLanguageError(
            f"The language {language[:40]!r} is not spoken here by Kokoro {catalogue.version}; there is {spoken}."
        )

    # Aliases and programs

    def _add_alias(self, name: str, text: str) -> None:
        """Add an alias of the owner, or the reason why it cannot be used. Its release is the default unless named."""
        try:
            owner = self._owner_of_name(name)
            if owner:
                raise UnknownVoiceError(f"{name} is already the name of {owner} (case is ignored); choose another.")
            expression = parse(text)
            expression = replace(expression, version=expression.version or self._default)
            self._spoken(expression, self._default, None)
        except PeerError as error:
            self.refused[name] = str(error)
        else:
            self._aliases[folded(name)] = expression

    def _owner_of_name(self, name: str) -> str | None:
        """What has that name already, compared without case: "a release", "a voice" or None."""
        if name.casefold() in {known.casefold() for one in names() for known in (one, described(one).label)}:
            return "a release"
        return "a voice" if any(catalogue.named(name) for catalogue in self._catalogues.values()) else None

    def _describe(self, catalogue: Catalogue, weights: Mapping[str, str]) -> ProgramDescription:
        version, release = catalogue.version, described(catalogue.version)
        is_first = version == self._default
        kind = weights.get(version, "unknown weights")
        voices = [*catalogue.voices, *self._alias_voices(None if is_first else version)]
        if is_first and self._choices.offer_other_release:
            others = [other for other in self._catalogues.values() if other is not catalogue]
            voices += [_with_release(voice, release.tags) for other in others for voice in other.voices]
        return ProgramDescription(
            name=release.label,
            description=f"{release.title} ({'; '.join(filter(None, (kind, release.licence)))})",
            version=version,
            voices=tuple(_unique(sorted(voices, key=lambda voice: (voice.languages, voice.label)))),
        )

    def _alias_voices(self, version: str | None) -> Iterator[VoiceDescription]:
        """The owner's aliases as voices: those of one release, or all for None."""
        for name in self._choices.aliases:
            expression = self._aliases.get(folded(name))
            if expression is None or version not in (None, expression.version):
                continue
            spoken = self._spoken(expression, self._default, None)
            label = f"{name} ({language_name(spoken.language)})"
            yield VoiceDescription(name, label, (spoken.language,), spoken.version)


def _with_release(voice: VoiceDescription, spoken: Collection[str]) -> VoiceDescription:
    """A voice for another release's program: name and label contain its release.

    Its label keeps its star where that release does not speak its language itself, by a tag in `spoken`.
    """
    label = voice.label.removeprefix("* ") if voice.languages[0] in spoken else voice.label
    name, _, rest = label.partition(" (")
    return replace(voice, name=f"{voice.version}/{voice.name}", label=f"{name} {voice.version} ({rest}")


def _unique(voices: Iterable[VoiceDescription]) -> Iterator[VoiceDescription]:
    """The voices without those whose name came before, as clients need unique names."""
    seen: set[str] = set()
    for voice in voices:
        if voice.name not in seen:
            seen.add(voice.name)
            yield voice
