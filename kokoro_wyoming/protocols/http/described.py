"""What the API's description says of a route beside its address and its docstring; it stands at the route's handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel


@dataclass(frozen=True)
class Description:
    """Of one handler."""

    body: type[BaseModel] | None = None
    """What the JSON of the request's body has to be."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What each parameter of the address says, by its name."""
    media_types: tuple[str, ...] = ("application/json",)
    """What the answer may be."""
    status: int = 200
    """Of a good answer; 101 for a WebSocket."""


Handler = TypeVar("Handler", bound=Callable[..., Any])

_DESCRIPTIONS: dict[Callable[..., Any], Description] = {}


def described(description: Description) -> Callable[[Handler], Handler]:
    """Keep this description for the handler that is decorated with it."""

    def keep(handler: Handler) -> Handler:
        _DESCRIPTIONS[handler] = description
        return handler

    return keep


def description_of(handler: Callable[..., Any]) -> Description:
    """The description of a handler; one of a JSON answer to a request without a body where it has none."""
    return _DESCRIPTIONS.get(handler, Description())
