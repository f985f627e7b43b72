"""The types of single settings: what a value may be, and the message where it is something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from kokoro_wyoming.config.addresses import SOCKET, networks_of, parse_uri
from kokoro_wyoming.errors import PeerError, UnknownVersionError
from kokoro_wyoming.languages import match_language, tags
from kokoro_wyoming.pronunciation.lexicon import EVERY_LANGUAGE, MAX_ENTRIES, entry
from kokoro_wyoming.pronunciation.normalization.regions import region_code
from kokoro_wyoming.releases import match_version, names
from kokoro_wyoming.speakers import addresses, book
from kokoro_wyoming.speakers.kinds import KINDS
from kokoro_wyoming.voices.blends import MAX_EXPRESSION_CHARS, MAX_SPEED, MIN_SPEED, parse


def _uri(value: str) -> str:
    parse_uri(value)
    return value


def _language(value: str) -> str:
    tag = match_language(value)
    if tag is None:
        raise ValueError(f"is not a language that Kokoro speaks; they are {', '.join(tags())}")
    return tag


def _languages_once(value: Any) -> Any:
    """Refuse two spellings of one language: one of the two values would be lost."""
    if isinstance(value, Mapping):
        tags = [match_language(key) for key in value if isinstance(key, str)]
        twice = next((tag for tag in tags if tag is not None and tags.count(tag) > 1), None)
        if twice is not None:
            raise ValueError(f"has {twice} twice, in two spellings; keep one")
    return value


def _version(value: Any) -> Any:
    """Normalise "1.0", 1.0, 1 and "V1.0" to "v1.0"; other types are left for the type check to refuse."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return match_version(str(value))
    except UnknownVersionError as error:
        known = ", ".join(names())
        raise ValueError(f"is no Kokoro release that this version of kokoro-wyoming runs; use {known}") from error


def _device(value: str) -> str:
    device = value.strip().lower()
    if re.fullmatch("auto|cpu|cuda(:[0-9]+)?|mps", device):
        return device
    raise ValueError("is not a device; use auto, cpu, cuda, cuda:N or mps")


def _voice_name(value: str) -> str:
    if not value.strip() or value != value.strip() or not value.isprintable():
        raise ValueError("is not a voice name; `kokoro-wyoming voices` lists them")
    if value[0] in "./~" or "\\" in value:
        raise ValueError("is a path, not a voice name; name a pack of folders.voices without its folder")
    return _expression(value) if set(value) & set("/+@()") else value


def _expression(value: str) -> str:
    """A voice or blend in its canonical spelling."""
    try:
        return str(parse(value))
    except PeerError as error:
        raise ValueError(f"is not a voice: {str(error).rstrip('.')}") from error


def _own_name(value: str) -> str:
    if not value.strip() or value != value.strip() or not value.isprintable() or set(value) & set("/\\+@()"):
        raise ValueError("is not a name for a voice: letters, digits and blanks make one")
    if match_language(value) is not None:
        raise ValueError("is a language; the voices of languages are chosen in speech.voices")
    return value


def names_once(value: Any) -> Any:
    """Refuse two names that differ in case alone: names of voices and speakers are compared without case."""
    if isinstance(value, Mapping):
        folded = [str(key).casefold() for key in value]
        twice = next((str(key) for key in value if folded.count(str(key).casefold()) > 1), None)
        if twice is not None:
            raise ValueError(f"has {twice} twice, in two spellings; keep one")
    return value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _truth(value: Any) -> Any:
    """`yes` and `on`, which the YAML reader gives as texts, are true."""
    return {"yes": True, "on": True, "no": False, "off": False}.get(str(value).lower(), value)


def _ingress(value: Any) -> Any:
    truth = _truth(_lower(value))
    return {True: "yes", False: "no"}[truth] if isinstance(truth, bool) else truth


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _folder(value: Any, info: ValidationInfo) -> Any:
    """An absolute path; relative ones start at the `home` of the validation context."""
    if not isinstance(value, str):
        return value
    if not value.strip() or "\0" in value:
        raise ValueError("is not a folder")
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError("names a home folder that does not exist") from error
    return Path((info.context or {}).get("home", Path.cwd())) / path


def _file(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and (not value.strip() or value.endswith("/")):
        raise ValueError("is not a file")
    return _folder(value, info)


def several(value: Any) -> Any:
    """One or a list: a tuple."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _ip_address(value: str) -> str:
    try:
        address = ip_address(value)
    except ValueError as error:
        raise ValueError("is not an IP address, such as 192.168.1.10") from error
    if address.is_unspecified or address.is_multicast:
        raise ValueError("is not an address of one machine; use one such as 192.168.1.10")
    return str(address)


def _interface_name(value: str) -> str:
    if not value or not value.isprintable() or " " in value or "/" in value:
        raise ValueError("is not the name of a network interface, such as eth0")
    return value


def _network(value: str) -> str:
    word = value.strip().lower()
    networks_of(word)
    return word


def _proxy(value: str) -> str:
    word = value.strip().lower()
    if word in ("home", "any"):
        raise ValueError("is too many: whoever is in server.proxies is believed; name the addresses of your proxies")
    return word if word == SOCKET else _network(word)


def _not_empty(value: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if value == ():
        raise ValueError("is an empty list; use null for those of this machine")
    return value


def _instance_name(value: str) -> str:
    # A DNS label; dots are allowed in the instance part, control characters are not.
    if not value.strip() or not value.isprintable():
        raise ValueError("is not a name that can be shown")
    if len(value.encode()) > 63:
        raise ValueError("is too long; a name on the network has at most 63 bytes")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; write what is to be said")
    return value


def _is_every(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in ("*", EVERY_LANGUAGE)


def _lexicon_language(value: str) -> str:
    if _is_every(value):
        return EVERY_LANGUAGE
    if match_language(value) is None:
        known = ", ".join(tags())
        raise ValueError(f"is not a language that Kokoro speaks; they are {known}, and {EVERY_LANGUAGE} is for all")
    return _language(value)


def _lexicon_once(value: Any) -> Any:
    every = [key for key in value if _is_every(key)] if isinstance(value, Mapping) else []
    if len(every) > 1:
        raise ValueError(f"has {EVERY_LANGUAGE} twice, in two spellings; keep one")
    return _languages_once(value)


def _entries(value: Any) -> Any:
    """The entries of one language. Each is checked by itself, so that a mistake names its entry."""
    if not isinstance(value, Mapping):
        raise ValueError('is not a list of words; write {word: spelling, other: "/IPA/"}')
    if len(value) > MAX_ENTRIES:
        raise ValueError(f"has {len(value):,} words; {MAX_ENTRIES:,} are at most")
    for word, said in value.items():
        if not isinstance(word, str) or not isinstance(said, str):
            raise ValueError(f"has {str(word)[:40]!r}, which is no text: put word and spelling in quotes")
        try:
            entry(word, said)
        except ValueError as error:
            raise ValueError(f"has {word[:40]!r}: {said[:40]!r}, which {error}") from error
    return value


def _api_key(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+-]{8,256}", value):
        raise ValueError("is no key: 8 to 256 letters, digits and -._~+ make one")
    return value


def _host_name(value: str) -> str:
    name = value.strip().lower().rstrip(".")
    if not re.fullmatch(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", name):
        raise ValueError("is not the name of a machine, such as speech.example.org or *.example.org")
    return name


def _origin(value: str) -> str:
    if value == "*" or re.fullmatch(r"https?://[^\s/?#@]+", value):
        return value
    raise ValueError("is no origin, such as https://panel.example.org, and not *")


def _speaker_name(value: str) -> str:
    if not value.strip() or value != value.strip() or not value.isprintable() or set(value) & set("/,:"):
        raise ValueError("is not a name for a speaker: letters, digits and blanks make one")
    return value


def _speaker_address(value: str) -> str:
    addresses.parse(value, KINDS)
    return value


def _quiet_hours(value: str) -> str:
    return str(book.QuietHours.parse(value))


def _chime(value: Any, info: ValidationInfo) -> Any:
    word = "none" if value is None else _lower(value)
    if word in ("none", "gentle"):
        return word
    if not isinstance(value, str) or not value.lower().endswith(".wav"):
        raise ValueError("is no chime; use none, gentle, or the path of a file that ends in .wav")
    return _file(value, info)


def _base_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ValueError("is no address of this server, such as http://192.168.1.10:8880")
    return value.rstrip("/")


Uri = Annotated[str, AfterValidator(_uri)]
"""As written, and valid: `parse_uri` does not fail on it."""
Word = BeforeValidator(_lower)
"""Makes a word of a list small before it is compared."""
Version = Annotated[str, BeforeValidator(_version)]
"""One of `releases.names`."""
Device = Annotated[str, AfterValidator(_device)]
Language = Annotated[str, AfterValidator(_language)]
VoiceName = Annotated[str, Field(max_length=MAX_EXPRESSION_CHARS), AfterValidator(_voice_name)]
LexiconLanguage = Annotated[str, AfterValidator(_lexicon_language)]
OwnName = Annotated[str, Field(max_length=64), AfterValidator(_own_name)]
VoiceExpression = Annotated[str, Field(max_length=MAX_EXPRESSION_CHARS), AfterValidator(_expression)]
OwnVoices = Annotated[Mapping[OwnName, VoiceExpression], BeforeValidator(names_once)]
OwnLexicon = Annotated[
    Mapping[LexiconLanguage, Annotated[Mapping[str, str], BeforeValidator(_entries)]],
    BeforeValidator(_lexicon_once),
]
VoicesByLanguage = Annotated[Mapping[Language, VoiceName], BeforeValidator(_languages_once)]
Languages = Annotated[tuple[Language, ...], BeforeValidator(several), AfterValidator(_once)]
Region = Annotated[str, AfterValidator(region_code)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Ingress = Annotated[Literal["no", "yes", "only"], BeforeValidator(_ingress)]
Folder = Annotated[Path, BeforeValidator(_folder)]
File = Annotated[Path, BeforeValidator(_file)]
IPAddress = Annotated[str, AfterValidator(_ip_address)]
InterfaceName = Annotated[str, AfterValidator(_interface_name)]
AdvertisedHosts = Annotated[tuple[IPAddress, ...] | None, BeforeValidator(several), AfterValidator(_not_empty)]
InterfaceNames = Annotated[tuple[InterfaceName, ...] | None, BeforeValidator(several), AfterValidator(_not_empty)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(several)]
Proxies = Annotated[tuple[Annotated[str, AfterValidator(_proxy)], ...], BeforeValidator(several)]
InstanceName = Annotated[str, AfterValidator(_instance_name)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_text)]
ApiKey = Annotated[str, AfterValidator(_api_key)]
HostNames = Annotated[tuple[Annotated[str, AfterValidator(_host_name)], ...], BeforeValidator(several)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(several)]
Speed = Annotated[float, Field(ge=MIN_SPEED, le=MAX_SPEED)]
Seconds = Annotated[float, Field(ge=0.1, le=3_600)]
SpeakerName = Annotated[str, Field(max_length=64), AfterValidator(_speaker_name)]
SpeakerAddress = Annotated[str, AfterValidator(_speaker_address)]
"""As written, with its query, which may have a secret in it; `speakers.addresses.parse` does not fail on it."""
SpeakerVolume = Annotated[float, Field(ge=0, le=1)]
QuietHours = Annotated[str, AfterValidator(_quiet_hours)]
"""`speakers.book.QuietHours.parse` does not fail on it."""
Chime = Annotated[Literal["none", "gentle"] | Path, BeforeValidator(_chime)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
