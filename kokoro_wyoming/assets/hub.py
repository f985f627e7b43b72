"""Fetches the official files from Hugging Face, or from the server at `HF_ENDPOINT`.

`huggingface_hub.hf_hub_download` starts a file again when the program was ended during the download, as it uses a new
temporary name each time. The weights have 327 MB. So this module uses the layer below (`http_get`) with a `.part` file
that stays.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from kokoro_wyoming import __version__
from kokoro_wyoming.assets import placing
from kokoro_wyoming.assets.inspection import UNPINNED, published_kind
from kokoro_wyoming.assets.ledger import Entry
from kokoro_wyoming.assets.manifest import Hub, Release, ReleaseFile
from kokoro_wyoming.assets.placing import SourceError, WrongContentError
from kokoro_wyoming.assets.progress import bar
from kokoro_wyoming.assets.store import Store

if TYPE_CHECKING:
    from types import ModuleType

NAME = "Hugging Face"

PROBE_SECONDS = 5.0
"""The time limit for the first answer. Where a firewall drops packets, the fetch waits this long before it changes to
the other source."""

BLOCK_BYTES = 256 * 1024
"""Bytes per write, and so the most that a dropped connection loses. With `http_get`'s own 10 MiB, a connection that
drops every few megabytes would make no progress."""

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors of this machine, where the hub is not at fault."""

ATTEMPTS = 4
"""Attempts for a file when the hub answers 5xx or ends the file early. `http_get` itself resumes broken connections:
up to five times without progress, after a second each."""


def deliver(store: Store, release: Release, wanted: Sequence[ReleaseFile], report: Callable[[str], None]) -> None:
    """Fetch `wanted` into the store.

    `SourceError` when the hub cannot be reached, lacks a file or delivers a wrong one. The bytes that have arrived are
    kept, and the next call continues from there.
    """
    library = _library()
    missing = [file for file in wanted if not _taken_from_cache(library, store, release, file)]
    if not missing:
        return
    _probe(library, release.hub, missing[0])
    total_bytes = sum(file.bytes for file in missing)
    placing.ensure_space(_needs_bytes(store, release, missing))
    report(f"fetching {len(missing)} files, {placing.megabytes(total_bytes)}, from {NAME} ({release.hub.repository})")
    with bar(f"Kokoro {release.version}", total_bytes) as advance:
        for file in missing:
            _download(library, store, release, file, advance)


def snapshot(repository: str, patterns: Sequence[str], report: Callable[[str], None]) -> Path:
    """The folder, in Hugging Face's own cache, with a repository's files of these names; what is there stays.

    `repository` is "owner/name". `SourceError` when the hub cannot be reached or does not have it.
    """
    library = _library()
    from huggingface_hub.errors import HFValidationError

    report(f"fetching {repository} from {NAME}")
    endpoint = os.environ.get("HF_ENDPOINT") or None
    try:
        # Asked here, as `snapshot_download` would wait for minutes where a firewall drops packets.
        newest = library.HfApi(endpoint=endpoint).model_info(repository, timeout=PROBE_SECONDS)
        folder = library.snapshot_download(
            repository,
            revision=newest.sha,
            allow_patterns=[*patterns],
            endpoint=endpoint,
            library_name="kokoro-wyoming",
            library_version=__version__,
            etag_timeout=PROBE_SECONDS,
        )
    except HFValidationError as problem:
        raise SourceError(f"{repository[:80]!r} is no repository", "write hub:OWNER/NAME") from problem
    except _network_errors() as problem:
        status = _status(problem)
        if isinstance(problem, OSError) and problem.errno in _OF_THE_DISK:
            with placing.disk_errors_explained(Path(library.constants.HF_HUB_CACHE)):
                raise
        if status in (401, 403, 404):
            told = f"{NAME} does not have {repository}, or not for everyone ({status})"
            raise SourceError(told, "check its name, and HF_TOKEN") from problem
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        told = f"answered {status}" if status else f"cannot be reached ({reason})"
        raise SourceError(f"{NAME} {told}", "try again, or name a folder") from problem
    return Path(folder)


def _library() -> ModuleType:
    import huggingface_hub
    from huggingface_hub import constants

    # Set here, as an environment variable has no effect once another library has imported the package. With telemetry,
    # the request headers would need a request for a list of programs.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.DOWNLOAD_CHUNK_SIZE = BLOCK_BYTES
    return huggingface_hub


def _url(library: ModuleType, hub: Hub, file: ReleaseFile) -> str:
    endpoint = os.environ.get("HF_ENDPOINT") or None
    subfolder = hub.folder or None
    return str(
        library.hf_hub_url(hub.repository, file.name, subfolder=subfolder, revision=hub.revision, endpoint=endpoint)
    )


def _taken_from_cache(library: ModuleType, store: Store, release: Release, file: ReleaseFile) -> bool:
    """Copy the file from Hugging Face's own cache on this machine; False where the cache has no such file.

    This works with `HF_HUB_OFFLINE` too.
    """
    hub = release.hub
    name = f"{hub.folder}/{file.name}" if hub.folder else file.name
    cached = library.try_to_load_from_cache(hub.repository, name, revision=hub.revision)
    if not isinstance(cached, str) or (file.is_pinned and os.path.getsize(cached) != file.bytes):
        return False
    target = store.place(release.version, file.name)
    part = placing.part_of(target)
    shutil.copyfile(cached, part)
    try:
        _settle(part, target, release.hub, file)
    except WrongContentError:
        return False
    return True


def _probe(library: ModuleType, hub: Hub, file: ReleaseFile) -> None:
    """Ask once for the metadata of one file: this finds an unreachable hub sooner than a download would."""
    url = _url(library, hub, file)
    try:
        described = library.get_hf_file_metadata(url, timeout=PROBE_SECONDS, library_name="kokoro-wyoming")
    except _network_errors() as problem:
        raise _explained(problem, file, "cannot be reached", "check the network") from problem
    if described.commit_hash is None:
        raise SourceError(f"the server at {url} is not {NAME}", "check HF_ENDPOINT, proxy and firewall")


def _needs_bytes(store: Store, release: Release, files: Sequence[ReleaseFile]) -> dict[Path, int]:
    needs: dict[Path, int] = {}
    for file in files:
        target = store.place(release.version, file.name)
        needs[target.parent] = needs.get(target.parent, 0) + file.bytes - _size_bytes(placing.part_of(target))
    return needs


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _download(
    library: ModuleType, store: Store, release: Release, file: ReleaseFile, advance: Callable[[int], object]
) -> None:
    target = store.place(release.version, file.name)
    part = placing.part_of(target)
    resumed = part.exists()
    url = _url(library, release.hub, file)
    _transfer(library, url, part, file, advance)
    try:
        _settle(part, target, release.hub, file)
    except WrongContentError:
        if not resumed:
            raise
        # The earlier part may be wrong: from another revision, or cut when the disk was full.
        _transfer(library, url, part, file, advance)
        _settle(part, target, release.hub, file)


def _settle(part: Path, target: Path, hub: Hub, file: ReleaseFile) -> None:
    kind, source = published_kind(file), f"{hub.repository} at {hub.revision[:12]}"
    size_bytes, digest = file.bytes, file.sha256
    if file.is_pinned:
        placing.verify_or_delete(part, file, NAME)
    else:
        placing.shape_or_delete(part, file.name, file.shape, NAME)
        size_bytes, digest = part.stat().st_size, placing.sha256_of(part)
        source += f", {UNPINNED}"
    placing.settle(part, target, Entry(kind, source, size_bytes, digest, upstream_sha256=digest))


def _transfer(library: ModuleType, url: str, part: Path, file: ReleaseFile, advance: Callable[[int], object]) -> None:
    """Append to `part` until it has the published size; a file whose size is not known begins anew."""
    import stamina

    if _size_bytes(part) > file.bytes or not file.is_pinned:
        part.unlink(missing_ok=True)
    advance(_size_bytes(part))
    try:
        for attempt in stamina.retry_context(on=_may_pass, attempts=ATTEMPTS, timeout=None, wait_initial=1, wait_max=8):
            with attempt:
                _append(library, url, part, file, advance)
    except _LocalError as problem:
        raise problem.error from None
    except _network_errors() as problem:
        raise _explained(problem, file, f"broke off at {file.name}", "fetch again: it continues there") from problem


def _append(library: ModuleType, url: str, part: Path, file: ReleaseFile, advance: Callable[[int], object]) -> None:
    from huggingface_hub.file_download import http_get
    from tqdm import tqdm

    # This module shows one bar for all files, so the bar of each file is hidden.
    hidden = cast("type[tqdm[Any]]", partial(tqdm, disable=True))
    headers = {"user-agent": f"kokoro-wyoming/{__version__}"}
    if token := library.get_token():
        headers["authorization"] = f"Bearer {token}"
    with closing(_Part(part, advance)) as output:
        http_get(
            url,
            cast("BinaryIO", output),
            resume_size=output.tell(),
            headers=headers,
            expected_size=file.bytes if file.is_pinned else None,
            displayed_filename=file.name,
            tqdm_class=hidden,
        )


class _LocalError(Exception):
    """Wraps an error of the local disk, so that it is not taken for a network error: both are `OSError`."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class _Part:
    """The `.part` file for `http_get`. It counts the bytes that arrive."""

    def __init__(self, path: Path, advance: Callable[[int], object]) -> None:
        self._advance = advance
        try:
            self._file = path.open("ab")
        except OSError as problem:
            raise _LocalError(problem) from problem

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int) -> int:
        return self._file.seek(position)

    def truncate(self) -> int:
        # `http_get` starts again when a server ignores the request to resume.
        left = self._file.truncate()
        self._advance(-left)
        return left

    def write(self, block: bytes) -> int:
        try:
            self._advance(len(block))
            return self._file.write(block)
        except OSError as problem:
            raise _LocalError(problem) from problem

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as problem:
            raise _LocalError(problem) from problem


def _network_errors() -> tuple[type[Exception], ...]:
    """The exceptions of `huggingface_hub` for network and server errors. Its HTTP errors are `OSError`s."""
    import httpx2
    from huggingface_hub.errors import OfflineModeIsEnabled

    return (httpx2.HTTPError, OfflineModeIsEnabled, OSError)


def _may_pass(problem: Exception) -> bool:
    """Whether another attempt may help: after a 5xx answer, or a body that ended early without an error."""
    status = _status(problem)
    if status is not None:
        return status >= 500
    return type(problem) is OSError


def _status(problem: Exception) -> int | None:
    response = getattr(problem, "response", None)
    return getattr(response, "status_code", None)


def _explained(problem: Exception, file: ReleaseFile, what: str, remedy: str) -> SourceError:
    """One sentence for an exception of `huggingface_hub` or its HTTP client.

    `what` and `remedy` are for a failed connection. An answer of the hub has its own text.
    """
    from huggingface_hub.errors import OfflineModeIsEnabled

    status = _status(problem)
    if isinstance(problem, OfflineModeIsEnabled):
        return SourceError(
            f"{NAME} is switched off here (HF_HUB_OFFLINE is set)", "unset it, or use `--source registry`"
        )
    if status == 404:
        return SourceError(f"{NAME} does not have {file.name} (404)", "a newer kokoro-wyoming may have its new address")
    if status in (401, 403):
        return SourceError(f"{NAME} refuses {file.name} ({status})", "check HF_TOKEN, or unset it: none is needed")
    if status is not None:
        return SourceError(f"{NAME} answered {status} when asked for {file.name}", "try again later")
    reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return SourceError(f"{NAME} {what} ({reason})", remedy)
