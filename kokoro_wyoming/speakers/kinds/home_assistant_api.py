"""The part of Home Assistant's REST API that announcements need: states of entities, and services."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.utils
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from kokoro_wyoming.speakers.addresses import SpeakerAddress
from kokoro_wyoming.speakers.interface import SpeakerError
from kokoro_wyoming.speakers.kinds.reaching import reason

_PORT = 8123
_SUPERVISOR = "supervisor"
"""The host by which an app reaches Home Assistant through its Supervisor."""


@dataclass(frozen=True)
class Entity:
    """What Home Assistant says of an entity."""

    state: str
    """`playing`, `paused`, `idle`, `off`, `unavailable` ..."""
    attributes: Mapping[str, Any]
    told_at: datetime.datetime
    """By Home Assistant's clock, to the second."""

    @property
    def is_active(self) -> bool:
        """Whether it plays, or is about to."""
        return self.state in ("playing", "buffering")

    @property
    def volume(self) -> float | None:
        """0 to 1; None where it tells none, as most do that are off."""
        return _number(self.attributes.get("volume_level"))

    @property
    def content(self) -> str | None:
        """What it plays, or has played last."""
        return self.attributes.get("media_content_id") or None

    def can(self, feature: int) -> bool:
        """Whether it has this feature; the numbers are those of its domain in Home Assistant."""
        features = self.attributes.get("supported_features")
        return bool(isinstance(features, int) and features & feature)

    def position_seconds(self) -> float | None:
        """Where in what it plays it is, when it was told; None where that is not known."""
        seconds = _number(self.attributes.get("media_position"))
        if seconds is None or self.state != "playing":
            return seconds
        try:
            told_at = datetime.datetime.fromisoformat(str(self.attributes.get("media_position_updated_at")))
            return seconds + max(0.0, (self.told_at - told_at).total_seconds())
        except (TypeError, ValueError):
            return seconds


class HomeAssistantApi:
    """One Home Assistant, asked as the user whose token the address has. Methods raise SpeakerError."""

    def __init__(self, address: SpeakerAddress, patience_seconds: float) -> None:
        """Raises SpeakerError where there is no token, ConfigError where it cannot be read."""
        token = address.secret("token")
        if token is None and address.host == _SUPERVISOR:
            token = os.environ.get("SUPERVISOR_TOKEN")
        if not token:
            raise SpeakerError(
                "Home Assistant wants a token; make one in your profile, and give it as ?token_file=PATH"
            )
        self._url = _url(address)
        self._patience_seconds = patience_seconds
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=None, connect=patience_seconds),
        )

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    async def entity(self, entity_id: str) -> Entity:
        """What it says of an entity."""
        try:
            asked = self._ask("GET", f"states/{entity_id}")
            told, headers = await asyncio.wait_for(asked, self._patience_seconds)
        except asyncio.TimeoutError as error:
            raise SpeakerError(f"Home Assistant gave no answer for {self._patience_seconds:g} seconds") from error
        if told is None:
            raise SpeakerError(f"Home Assistant has no {entity_id}")
        if not isinstance(told, dict) or not isinstance(told.get("attributes"), dict):
            raise SpeakerError(_STRANGER)
        return Entity(str(told.get("state")), told["attributes"], _time(headers.get("Date")))

    async def refresh(self, entity_id: str) -> None:
        """Have it ask a device that does not tell its state by itself, which it else asks every ten seconds or so."""
        with contextlib.suppress(asyncio.TimeoutError, SpeakerError):
            await asyncio.wait_for(self.call("homeassistant.update_entity", entity_id), self._patience_seconds)

    async def call(self, service: str, entity_id: str, **data: Any) -> None:
        """Call a service such as `media_player.play_media`; returns at once or when it has played."""
        domain, _, name = service.partition(".")
        told, _ = await self._ask("POST", f"services/{domain}/{name}", {"entity_id": entity_id, **data})
        if told is None:
            raise SpeakerError(_STRANGER)

    async def _ask(self, method: str, path: str, body: Any = None) -> tuple[Any, Mapping[str, str]]:
        """The answer, or None where there is no such thing, and its headers."""
        url = f"{self._url}/api/{path}"
        try:
            async with self._session.request(method, url, json=body, allow_redirects=False) as answer:
                if answer.status == 404:
                    return None, answer.headers
                if answer.status != 200:
                    raise SpeakerError(_refusal(answer.status))
                return await answer.json(), answer.headers
        except (aiohttp.ContentTypeError, ValueError) as error:
            raise SpeakerError(_STRANGER) from error
        except aiohttp.ClientSSLError as error:
            raise SpeakerError("its certificate is not trusted, or it speaks no https (&tls=1)") from error
        except aiohttp.ClientConnectorError as error:
            raise SpeakerError(f"nobody answers there ({reason(error.os_error)})") from error
        except aiohttp.ServerTimeoutError as error:
            raise SpeakerError(f"nobody answers there within {self._patience_seconds:g} seconds") from error
        except aiohttp.ClientError as error:
            raise SpeakerError("Home Assistant broke the connection off") from error


_STRANGER = "it answers, but not as Home Assistant does"


def _url(address: SpeakerAddress) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    scheme = "https" if address.query.get("tls", "") in ("1", "yes", "true") else "http"
    if address.host == _SUPERVISOR:
        return f"{scheme}://{host}{f':{address.port}' if address.port else ''}/core"
    return f"{scheme}://{host}:{address.port or _PORT}"


def _refusal(status: int) -> str:
    if status in (401, 403):
        return (
            f"Home Assistant refuses the token ({status}); make one in your profile, Security, Long-lived access tokens"
        )
    if status == 400:
        return "Home Assistant did not understand it (400); is it old, or is the integration of the entity not loaded?"
    if 300 <= status < 400:
        return f"it sends to another address ({status}); does it want https (&tls=1)?"
    return f"Home Assistant could not do it ({status}); its log says why"


def _time(date: str | None) -> datetime.datetime:
    """The time in an answer's header: Home Assistant's clock may differ from ours."""
    try:
        return email.utils.parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return datetime.datetime.now(datetime.timezone.utc)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
