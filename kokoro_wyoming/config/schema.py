"""The types and ranges of the settings. What they mean, and their defaults, are in `config/default.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from kokoro_wyoming.config import fields
from kokoro_wyoming.strict_yaml import messages
from kokoro_wyoming.strict_yaml.messages import Section as _Section
from kokoro_wyoming.strict_yaml.mistakes import nearest


def _texts(value: Any) -> Any:
    return (value,) if isinstance(value, Mapping) else fields.several(value)


def _prerender(value: Any) -> Any:
    """A text alone has no voice and no language."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, Mapping):
        raise ValueError('is not a text; put it in quotes, or write {text: "...", voice: ..., language: ...}')
    unknown = next((key for key in value if key not in Prerender.model_fields), None)
    if unknown is not None:
        # Checked here: the general check would suggest a setting of another section.
        raise ValueError(f"has the unknown key `{str(unknown)[:40]}`; a text has {', '.join(Prerender.model_fields)}")
    return value


def _has_cache(value: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
    cache = info.data.get("cache")
    if value and cache is not None and not cache.megabytes:
        raise ValueError("has texts, but there is no cache to keep them in; set cache.megabytes, to 32 for example")
    return value


def _speaker(value: Any) -> Any:
    """An address alone has no settings of its own; a list is a group."""
    if isinstance(value, str):
        return {"address": value}
    if isinstance(value, list):
        return {"speakers": value}
    if not isinstance(value, Mapping):
        raise ValueError("is neither an address, such as snapcast://192.168.1.20/Kitchen, nor a list of names")
    unknown = next((key for key in value if key not in Speaker.model_fields), None)
    if unknown is not None:
        raise ValueError(f"has the unknown key `{str(unknown)[:40]}`; a speaker has {', '.join(Speaker.model_fields)}")
    if ("address" in value) == ("speakers" in value):
        raise ValueError("needs an address, or the speakers of a group, and not both")
    if "speakers" in value and len(value) > 1:
        raise ValueError("is a group, which has speakers alone; volume and quiet_hours are each speaker's own")
    return value


def _groups(value: Mapping[str, Speaker]) -> Mapping[str, Speaker]:
    """Refuse groups with unknown names, and those that have themselves in them."""
    members = {name.casefold(): [member.casefold() for member in each.speakers] for name, each in value.items()}
    for name, each in value.items():
        unknown = next((member for member in each.speakers if member.casefold() not in members), None)
        if unknown is not None:
            meant = nearest(unknown, value)
            hint = f"did you mean `{meant}`?" if meant else "a group has names of speakers and groups in it"
            raise ValueError(f"has `{name}` with `{unknown.partition('?')[0][:40]}` in it, which is no speaker; {hint}")
    for name in value:
        if name.casefold() in _within(name.casefold(), members):
            raise ValueError(f"has `{name}`, which has itself in it")
    return value


def _within(name: str, members: Mapping[str, list[str]]) -> set[str]:
    """All that is in a group, and in the groups in it."""
    found: set[str] = set()
    left = [*members[name]]
    while left:
        member = left.pop()
        if member not in found:
            found.add(member)
            left += members[member]
    return found


class Server(_Section):
    uri: fields.Uri
    allow: fields.Networks
    """Words that `addresses.networks_of` knows; none: socket files only."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], fields.Word]
    drain_seconds: Annotated[float, Field(ge=0, le=3_600)]
    drain_notice_seconds: Annotated[float, Field(ge=0, le=3_600)]
    agent_uri: fields.Uri | None
    """None: no balancer asks."""
    proxies: fields.Proxies
    """Networks, and `addresses.SOCKET`."""


class VendorVoices(_Section):
    """Voices by the names that OpenAI's API has for its own."""

    alloy: fields.VoiceName
    ash: fields.VoiceName
    ballad: fields.VoiceName
    cedar: fields.VoiceName
    coral: fields.VoiceName
    echo: fields.VoiceName
    fable: fields.VoiceName
    marin: fields.VoiceName
    nova: fields.VoiceName
    onyx: fields.VoiceName
    sage: fields.VoiceName
    shimmer: fields.VoiceName
    verse: fields.VoiceName


class Http(_Section):
    """The HTTP face: the API and the page."""

    uri: fields.Uri | None
    """None: no HTTP."""
    api_key: fields.ApiKey | None
    """None: whoever may connect may speak."""
    api_key_file: fields.File | None
    """Absolute path of a file whose first line is the key."""
    hosts: fields.HostNames
    """Names of this server beside those that it finds by itself."""
    cors: fields.Origins
    """Origins whose pages may use the API."""
    say: Annotated[Literal["open", "signed", "off"], fields.Word]
    voices: VendorVoices
    behind_ingress: fields.Ingress


class Model(_Section):
    version: fields.Version
    device: fields.Device
    threads: Annotated[int, Field(ge=0, le=1_024)]
    """0: one per physical core."""
    stream: Annotated[Literal["fast", "exact"], fields.Word]
    calibrate: Annotated[Literal["auto", "never"], fields.Word]
    release_idle_seconds: Annotated[float, Field(ge=0, le=86_400)]
    """0: never."""
    allow_g2p_commands: fields.Truth
    deprecation_notice: fields.Truth


class Pauses(_Section):
    """Silences between sentences, from sound to sound."""

    as_made: fields.Truth
    """Whether the model's own silences stay; then the other settings have no effect."""
    sentence_seconds: Annotated[float, Field(ge=0, le=10)]
    clause_seconds: Annotated[float, Field(ge=0, le=10)]
    paragraph_seconds: Annotated[float, Field(ge=0, le=10)]


class Speech(_Section):
    language: fields.Language
    """An advertised tag."""
    voice: fields.VoiceName | None
    """None: the best voice of the language."""
    voices: fields.VoicesByLanguage
    """Voice by advertised tag."""
    region: fields.Region | None
    """ISO 3166; None: where each language's voices come from."""
    speed: fields.Speed
    offer_other_release: fields.Truth
    volume: Annotated[float, Field(ge=0.0, le=2.0)]
    ssml: Annotated[Literal["auto", "declared"], fields.Word]
    language_from_text: fields.Truth
    languages: fields.Languages
    """Advertised tags; none: all."""
    quiet_seconds: Annotated[float, Field(ge=0.05, le=60)] | None
    markup: fields.Truth
    emoji: Annotated[Literal["drop", "name"], fields.Word]
    loudness_lufs: Annotated[float, Field(ge=-40, le=-10)] | None
    """None: each voice keeps its own loudness."""
    pauses: Pauses
    lead_in_seconds: Annotated[float, Field(ge=0, le=10)]
    tail_seconds: Annotated[float, Field(ge=0, le=10)]


class Folders(_Section):
    models: fields.Folder
    """Absolute."""
    voices: fields.Folder
    """Absolute."""


class Assets(_Section):
    source: Annotated[Literal["auto", "hub", "registry"], fields.Word]
    offline: fields.Truth


class Discovery(_Section):
    enabled: fields.Truth
    name: fields.InstanceName
    advertise_host: fields.AdvertisedHosts
    """None: this machine's addresses on the local network."""
    advertise_port: Annotated[int, Field(ge=1, le=65_535)] | None
    """None: the port that the server listens on."""
    interfaces: fields.InterfaceNames
    """None: all that lead to the local network."""


class Limits(_Section):
    connections: Annotated[int, Field(ge=1, le=65_536)]
    connections_per_address: Annotated[int, Field(ge=1, le=65_536)]
    waiting_utterances: Annotated[int, Field(ge=1, le=65_536)]
    waiting_utterances_per_address: Annotated[int, Field(ge=1, le=65_536)]
    text_chars: Annotated[int, Field(ge=1, le=10_000_000)]
    event_timeout_seconds: fields.Seconds
    idle_seconds: Annotated[float, Field(ge=1, le=86_400)]
    write_timeout_seconds: fields.Seconds
    stuck_seconds: Annotated[float, Field(ge=1, le=3_600)]


class Cache(_Section):
    megabytes: Annotated[float, Field(ge=0, le=65_536)]
    """Megabytes of 1,000,000 bytes; 0: no cache."""


class Prerender(_Section):
    """A text that is made after the start. Its voice is found as for a client's request."""

    text: fields.Text
    voice: fields.VoiceName | None = None
    language: fields.Language | None = None


class Speaker(_Section):
    """A speaker that announcements may name, or a group of others."""

    address: fields.SpeakerAddress | None = Field(None, repr=False)
    """None: it is a group. There may be a secret in it."""
    speakers: Annotated[tuple[str, ...], BeforeValidator(fields.several)] = ()
    """Names of speakers and groups."""
    volume: fields.SpeakerVolume | None = None
    quiet_hours: fields.QuietHours | None = None


class Announcements(_Section):
    """What holds for all speakers that say nothing else."""

    chime: fields.Chime
    """`none`, `gentle`, or the absolute path of a WAV file."""
    volume: fields.SpeakerVolume | None
    """None: as each is set."""
    quiet_hours: fields.QuietHours | None
    patience_seconds: fields.Seconds
    base_url: fields.BaseUrl | None
    """Without a slash at the end. None: the address of this machine that each speaker sees."""


class Config(_Section):
    """All settings, validated; no field has a default here."""

    server: Server
    http: Http
    model: Model
    speech: Speech
    voices: fields.OwnVoices
    """The owner's own voices: name to expression."""
    lexicon: fields.OwnLexicon
    """By advertised tag or "all": word to what is said in its place."""
    folders: Folders
    assets: Assets
    discovery: Discovery
    limits: Limits
    speakers: Annotated[
        Mapping[fields.SpeakerName, Annotated[Speaker, BeforeValidator(_speaker)]],
        BeforeValidator(fields.names_once),
        AfterValidator(_groups),
    ]
    """Where announcements are heard, by name."""
    announcements: Announcements
    cache: Cache
    prerender: Annotated[
        tuple[Annotated[Prerender, BeforeValidator(_prerender)], ...],
        BeforeValidator(_texts),
        AfterValidator(_has_cache),
    ]


def keys() -> dict[tuple[str, ...], Any]:
    """Every setting's path and pydantic FieldInfo, sections included, in the order of the classes."""
    return messages.keys(Config)
