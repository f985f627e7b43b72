"""A stand-in for the hub on this machine, which answers `huggingface_hub`, and has faults on demand."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

from tests.stand_ins.loopback import served_by


@dataclass(frozen=True)
class Asked:
    method: str
    name: str
    range: str | None
    authorization: str | None


@dataclass
class HubStandIn:
    """Files of one repository at one commit. Large files are redirected to another path, as the hub does."""

    repository: str
    revision: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    redirected: set[str] = field(default_factory=set)
    cut_after_bytes: dict[str, list[int]] = field(default_factory=dict)
    """Lengths by file name. Each download takes one, and its connection breaks after so many bytes."""
    statuses: dict[str, list[int]] = field(default_factory=dict)
    """HTTP statuses by file name. Each download takes one, and is answered by it."""
    hangs: set[str] = field(default_factory=set)
    """Files whose body stops half way while the connection stays open."""
    silent: bool = False
    """Whether it accepts connections and never answers."""
    ignores_ranges: bool = False
    is_a_hub: bool = True
    closing: threading.Event = field(default_factory=threading.Event)

    def downloads(self, name: str) -> list[Asked]:
        return [each for each in self.asked if each.method == "GET" and each.name == name]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubStandIn

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        hub = self.hub
        path = unquote(self.path)
        if path.startswith("/api/models/"):
            self._describe_repository(path)
            return
        name = path.removeprefix(f"/{hub.repository}/resolve/{hub.revision}/").removeprefix("/cdn/")
        at_cdn = path.startswith("/cdn/")
        if not with_body or not at_cdn:
            hub.asked.append(Asked(self.command, name, self.headers["Range"], self.headers["Authorization"]))
        if hub.silent:
            hub.closing.wait(30)
            return
        if name not in hub.files:
            self._plain(404, **{"X-Error-Code": "EntryNotFound"})
        elif with_body and hub.statuses.get(name):
            self._plain(hub.statuses[name].pop(0))
        elif name in hub.redirected and not at_cdn:
            self._plain(302, Location=f"{hub.url}/cdn/{name}", **self._description(name, linked=True))
        elif with_body:
            self._body(name)
        else:
            self._headers(200, **{"Content-Length": str(len(hub.files[name])), **self._description(name)})

    def _describe_repository(self, path: str) -> None:
        """What the hub's API says of a repository: its commit and its files."""
        hub = self.hub
        if not path.startswith(f"/api/models/{hub.repository}"):
            self._plain(404, **{"X-Error-Code": "RepoNotFound"})
            return
        files = [{"rfilename": name} for name in hub.files]
        tree = [
            {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for name, content in hub.files.items()
        ]
        answer = tree if "/tree/" in path else {"id": hub.repository, "sha": hub.revision, "siblings": files}
        content = json.dumps(answer).encode()
        self._headers(200, **{"Content-Type": "application/json", "Content-Length": str(len(content))})
        self.wfile.write(content)

    def _description(self, name: str, *, linked: bool = False) -> dict[str, str]:
        content = self.hub.files[name]
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        if not self.hub.is_a_hub:
            return {"ETag": tag}
        described = {"X-Repo-Commit": self.hub.revision, "ETag": tag, "Accept-Ranges": "bytes"}
        return {**described, "X-Linked-Etag": tag, "X-Linked-Size": str(len(content))} if linked else described

    def _body(self, name: str) -> None:
        content = self.hub.files[name]
        start = 0
        if self.headers["Range"] and not self.hub.ignores_ranges:
            start = int(self.headers["Range"].removeprefix("bytes=").partition("-")[0])
        wanted = content[start:]
        extra = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self._headers(206 if start else 200, **{"Content-Length": str(len(wanted)), **self._description(name), **extra})
        cuts = self.hub.cut_after_bytes.get(name)
        if cuts:
            self.wfile.write(wanted[: cuts.pop(0)])
            self.close_connection = True
        elif name in self.hub.hangs:
            self.wfile.write(wanted[: len(wanted) // 2])
            self.wfile.flush()
            self.hub.closing.wait(30)
            self.close_connection = True
        else:
            self.wfile.write(wanted)

    def _plain(self, status: int, **headers: str) -> None:
        self._headers(status, **{"Content-Length": "0", **headers})

    def _headers(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *what: object) -> None:
        pass


@contextmanager
def serving(hub: HubStandIn) -> Iterator[HubStandIn]:
    """Serves on 127.0.0.1 until the block ends."""
    with served_by(_Handler, hub=hub) as hub.url:
        try:
            yield hub
        finally:
            hub.closing.set()
