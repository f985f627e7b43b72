"""The page: its files, and what a browser may do with them."""

from __future__ import annotations

import mimetypes
from functools import cache
from pathlib import Path

from aiohttp import web

from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import NotFoundError

ROUTES = web.RouteTableDef()

_FOLDER = Path(__file__).parent / "page"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "Cache-Control": "no-cache",
}
"""Nothing from elsewhere, nothing written inside the page, in no frame of another origin."""
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


@ROUTES.get("/")
@described(Description(media_types=("text/html",)))
async def index(request: web.Request) -> web.Response:
    """The page itself."""
    return _file("index.html")


@ROUTES.get("/page/{name}")
@described(Description(media_types=(*_TYPES.values(),)))
async def part(request: web.Request) -> web.Response:
    """A file that the page needs."""
    name = request.match_info["name"]
    if name not in _names():
        raise NotFoundError("There is no such file.")
    return _file(name)


def _file(name: str) -> web.Response:
    path = _FOLDER / name
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8", headers=_HEADERS)


@cache
def _names() -> frozenset[str]:
    """The names of all files of the page. Only these are read, whatever an address has in it."""
    return frozenset(path.name for path in _FOLDER.iterdir() if path.suffix in _TYPES)
