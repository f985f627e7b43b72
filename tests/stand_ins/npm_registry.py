"""A stand-in for an npm registry on this machine: it has the archives of a folder, and faults on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.stand_ins.loopback import served_by


@dataclass
class NpmRegistryStandIn:
    folder: Path
    """Where the archives lie."""
    asked: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Each request takes one, and is answered by it."""
    cuts: int = 0
    """How many answers break off half way."""
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    registry: NpmRegistryStandIn

    def do_GET(self) -> None:
        registry = self.registry
        registry.asked.append(self.path)
        package, _, name = self.path.removeprefix("/npm/").partition("/-/")
        archive = registry.folder / name
        if registry.statuses:
            self._answer(registry.statuses.pop(0), b"")
        elif not name.startswith(f"{package}-") or not archive.is_file():
            self._answer(404, b"")
        else:
            self._answer(200, archive.read_bytes())

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.registry.cuts and content:
            self.registry.cuts -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *what: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[NpmRegistryStandIn]:
    """Serves the archives of a folder on 127.0.0.1 until the block ends."""
    registry = NpmRegistryStandIn(folder)
    with served_by(_Handler, registry=registry) as address:
        registry.address = f"{address}/npm/"
        yield registry
