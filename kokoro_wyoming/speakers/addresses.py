"""The address of one speaker: `kind://host:port/path?name=value`. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from kokoro_wyoming.errors import ConfigError

_SECRETS = ("token", "password", "key")
"""Parts of the query that are secret. Each may come from a file (`token_file`) or the environment (`token_env`)."""


@dataclass(frozen=True)
class SpeakerAddress:
    """Where a speaker is. `str()` of it has no secret in it."""

    kind: str
    """The scheme: tcp, snapcast, mpd ..."""
    host: str
    """Name or IP address, IPv6 without brackets; empty for a socket file."""
    port: int | None
    """None: the usual one of its kind."""
    path: str
    """Decoded, without the first slash; of a socket file with it."""
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a kind may be told besides."""
    uri: str = field(default="", repr=False)
    """As it was written, secrets included."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        path = self.path if self.path.startswith("/") or not self.path else f"/{self.path}"
        return f"{self.kind}://{host}{port}{path}"

    def secret(self, name: str) -> str | None:
        """The secret of this name: as it stands in the address, or where its file or variable has it.

        Raises ConfigError where that cannot be read.
        """
        assert name in _SECRETS, name
        if variable := self.query.get(f"{name}_env"):
            if variable not in os.environ:
                raise ConfigError(f"{self}: there is no environment variable {variable}")
            return os.environ[variable]
        if path := self.query.get(f"{name}_file"):
            try:
                return Path(path).read_text().partition("\n")[0].strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{self}: {path} cannot be read: {error}") from error
        return self.query.get(name)


def parse(uri: str, kinds: Mapping[str, object]) -> SpeakerAddress:
    """Take an address apart; its scheme must be one of `kinds`.

    Raises ValueError with the end of a sentence that begins with the address ("has no host; ...").
    """
    if not uri.isprintable() or " " in uri:
        raise ValueError("has blanks or unprintable characters in it; write %20 for a blank")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise ValueError("has brackets in the wrong place, or a port that is no number from 0 to 65535") from error
    if parts.scheme not in kinds or "://" not in uri:
        raise ValueError(f"does not begin with {', '.join(f'{kind}://' for kind in kinds)}")
    if parts.scheme == "unix":
        if parts.netloc or not parts.path:
            raise ValueError("needs three slashes before its path: unix:///run/snd.sock")
        return SpeakerAddress("unix", "", None, unquote(parts.path), {}, uri)
    if not parts.hostname:
        raise ValueError(f"has no host; write {parts.scheme}://192.168.1.20, for example")
    if parts.username is not None or parts.fragment:
        raise ValueError("has more in it than an address (@ or #); passwords are given by ?password_file=PATH")
    path = unquote(parts.path.removeprefix("/"))
    return SpeakerAddress(parts.scheme, parts.hostname, port, path, dict(parse_qsl(parts.query)), uri)
