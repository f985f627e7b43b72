"""What a client is told of a failure: the status, and JSON in the shape of OpenAI's API."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aiohttp import web

from kokoro_wyoming.errors import (
    BusyError,
    KokoroWyomingError,
    PeerError,
    ShuttingDownError,
    TextTooLongError,
    UnknownLanguageError,
    UnknownVersionError,
    UnknownVoiceError,
)
from kokoro_wyoming.protocols.admission import StrangerError
from kokoro_wyoming.utterances.failures import error_text

RETRY_SECONDS = 5
"""When a client that was told to come again should do so."""


class HttpError(PeerError):
    """An error of a client whose text holds no path of this machine, and is told as it is."""


class BadRequestError(HttpError):
    """A request that cannot be understood; `param` names the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class NoKeyError(HttpError):
    """A request without the key, or with another one."""

    code = "invalid_api_key"


class ForbiddenError(HttpError):
    """A request that a web page elsewhere has sent, or that names this server in an unknown way."""

    code = "forbidden"


class NotFoundError(HttpError):
    """There is nothing at this address."""

    code = "not_found"


class WrongTypeError(HttpError):
    """A body of another type than the address takes."""

    code = "wrong-type"


class TooLargeError(HttpError):
    """A request with a larger body than any text needs."""

    code = "too-large"


@dataclass(frozen=True)
class _Told:
    status: int
    kind: str
    param: str | None = None


_TOLD: dict[type[KokoroWyomingError], _Told] = {
    NoKeyError: _Told(401, "authentication_error"),
    StrangerError: _Told(403, "permission_error"),
    ForbiddenError: _Told(403, "permission_error"),
    NotFoundError: _Told(404, "invalid_request_error"),
    UnknownVoiceError: _Told(400, "invalid_request_error", "voice"),
    UnknownLanguageError: _Told(400, "invalid_request_error", "lang_code"),
    UnknownVersionError: _Told(404, "invalid_request_error", "model"),
    WrongTypeError: _Told(415, "invalid_request_error"),
    TextTooLongError: _Told(413, "invalid_request_error", "input"),
    TooLargeError: _Told(413, "invalid_request_error", "input"),
    ShuttingDownError: _Told(503, "server_error"),
    BusyError: _Told(429, "rate_limit_error"),
    PeerError: _Told(400, "invalid_request_error"),
    KokoroWyomingError: _Told(503, "server_error"),
}
"""By class; a class that is not here is told as its nearest base."""

_STATUS_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error_body(error: Exception) -> dict[str, object]:
    """`{"error": {"message", "type", "param", "code"}}`. Of a defect of this server it says no more than that."""
    if not isinstance(error, KokoroWyomingError):
        return _body("The server failed; its log says where.", "server_error", None, "internal")
    told = _told(error)
    message = str(error) if isinstance(error, HttpError) else error_text(error)
    return _body(message, told.kind, getattr(error, "param", None) or told.param, error.code)


def error_response(error: Exception) -> web.Response:
    """The answer to a request that failed before its first byte of sound."""
    status = _told(error).status if isinstance(error, KokoroWyomingError) else 500
    return json_response(error_body(error), status=status, headers=_retry(status))


def http_error_response(error: web.HTTPException) -> web.Response:
    """The same for what aiohttp finds wrong: an unknown address, a wrong method."""
    kind = _STATUS_KINDS.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
    allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    message = {404: "There is nothing at this address.", 405: "This address takes another method."}
    body = _body(message.get(error.status, error.reason), kind, None, f"http_{error.status}")
    return json_response(body, status=error.status, headers={**_retry(error.status), **allowed})


def json_response(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON in UTF-8, which no cache keeps."""
    return web.Response(
        body=json.dumps(body, ensure_ascii=False).encode(),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _body(message: str, kind: str, param: str | None, code: str | None) -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _told(error: KokoroWyomingError) -> _Told:
    return next(_TOLD[kind] for kind in type(error).__mro__ if kind in _TOLD)


def _retry(status: int) -> dict[str, str]:
    return {"Retry-After": str(RETRY_SECONDS)} if status in (429, 503) else {}
