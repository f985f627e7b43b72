"""Which requests are answered: no web page elsewhere, nobody without the key. Pure but for the machine's own names."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from functools import cache
from urllib.parse import urlsplit

from aiohttp import web

from kokoro_wyoming.protocols.http.errors import ForbiddenError, NoKeyError
from kokoro_wyoming.protocols.http.options import HttpOptions

SUPERVISOR = "172.30.32.2"
"""The address that Home Assistant's ingress comes from."""
KEY_SUBPROTOCOL = "openai-insecure-api-key."
"""How a browser sends the key when it opens a WebSocket, as it cannot set headers then."""

_OPEN = ("/", "/health", "/ready", "/openapi.json")
_OPEN_FOLDER = "/page/"
_PRIVATE = (".local", ".localhost", ".internal", ".home.arpa")
"""Ends of names that nobody can register, so that no page elsewhere has one. Docker has host.docker.internal."""
_ALLOWED_HEADERS = "authorization, content-type, x-api-key, *"
"""The star stands for what programs add, such as OpenAI's own client, but not for the first."""
_ALLOWED_METHODS = "GET, HEAD, POST"


def check_door(host: str, options: HttpOptions) -> None:
    """Raise ForbiddenError where only Home Assistant's ingress may come, and this client's address is another."""
    if options.behind_ingress == "only" and not is_ingress(host, options):
        raise ForbiddenError(
            "Only Home Assistant's own page may use this; the app's option `api` opens it to other programs."
        )


def check_site(request: web.Request, host: str, options: HttpOptions) -> None:
    """Raise ForbiddenError for what a web page elsewhere has a browser send, and for an unknown name of this server.

    `host` is the client's address. By a name of its own that leads here (DNS rebinding) a page would be at home.
    """
    if is_ingress(host, options):
        return
    # Every browser says the name; a balancer's probe in HTTP/1.0 has none.
    name = _host_name(request.headers["Host"]) if "Host" in request.headers else "localhost"
    if name is None or not _is_known(name, options):
        raise ForbiddenError(
            "This name of the server is unknown here; use its address, or have its owner add the name to http.hosts."
        )
    origin = request.headers.get("Origin")
    if origin is None:
        # Browsers send no origin with pictures and sounds, but this, and mostly the page's origin as the referrer.
        is_elsewhere = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and request.path != "/"
        if is_elsewhere and not is_shared(_origin_of(request.headers.get("Referer", "")), options):
            raise ForbiddenError("A page elsewhere may not use this server; its owner can add it to http.cors.")
    elif not is_own(origin, request) and not is_shared(origin, options):
        raise ForbiddenError("Pages of this origin may not use this server; its owner can add it to http.cors.")


def check_key(request: web.Request, host: str, options: HttpOptions) -> None:
    """Raise NoKeyError where the key is wanted and was not sent."""
    if options.api_key is None or is_open(request.path) or is_ingress(host, options):
        return
    sent = _key_of(request)
    if sent is None or not hmac.compare_digest(sent.encode(errors="replace"), options.api_key.encode()):
        raise NoKeyError('This server wants its key: send "Authorization: Bearer KEY" or "X-API-Key: KEY".')


def is_open(path: str) -> bool:
    """Whether no key is asked for at this address."""
    return path in _OPEN or path.startswith(_OPEN_FOLDER)


def is_ingress(host: str, options: HttpOptions) -> bool:
    """Whether a client is Home Assistant's ingress, which has asked who the visitor is."""
    return options.behind_ingress != "no" and host.removeprefix("::ffff:") == SUPERVISOR


def is_own(origin: str, request: web.Request) -> bool:
    """Whether this origin is the server itself. A proxy in front of it may speak TLS."""
    return origin.partition("://")[2].lower() == request.headers.get("Host", "").lower() != ""


def is_shared(origin: str, options: HttpOptions) -> bool:
    """Whether the owner lets pages of this origin use the API."""
    return "*" in options.cors or origin in options.cors


def cors_headers(request: web.Request, options: HttpOptions) -> dict[str, str]:
    """What tells a browser that the page may read the answer; nothing where it is no page elsewhere."""
    origin = request.headers.get("Origin")
    if origin is None or not is_shared(origin, options):
        return {}
    return {
        "Access-Control-Allow-Origin": "*" if "*" in options.cors else origin,
        "Access-Control-Expose-Headers": "X-Speed, Retry-After",
        "Vary": "Origin",
    }


def preflight(request: web.Request, options: HttpOptions) -> web.Response | None:
    """The answer to a browser that asks before it sends a page's request; None where it does not ask."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    allowed = {"Access-Control-Allow-Methods": _ALLOWED_METHODS, "Access-Control-Allow-Headers": _ALLOWED_HEADERS}
    return web.Response(status=204, headers=allowed if cors_headers(request, options) else {})


def _key_of(request: web.Request) -> str | None:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return key.strip()
    if "X-API-Key" in request.headers:
        return request.headers["X-API-Key"].strip()
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    keys = [name.strip() for name in offered if name.strip().startswith(KEY_SUBPROTOCOL)]
    return keys[0].removeprefix(KEY_SUBPROTOCOL) if keys else None


def _host_name(header: str) -> str | None:
    """The name in a Host header, without port; None where there is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".") or None
    except ValueError:
        return None


def _origin_of(address: str) -> str:
    """The origin of the page at this address; "" where it is no address."""
    try:
        scheme, netloc, *_ = urlsplit(address)
    except ValueError:
        return ""
    return f"{scheme}://{netloc}" if netloc else ""


def _is_known(name: str, options: HttpOptions) -> bool:
    return (
        _is_address(name)
        or "." not in name  # a machine of the house, or a container: no name without a dot is for sale
        or name.endswith(_PRIVATE)
        or name == _own_name()
        or any(name == known or (known[:2] == "*." and name.endswith(known[1:])) for known in options.hosts)
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


@cache
def _own_name() -> str:
    return socket.gethostname().lower().rstrip(".")
