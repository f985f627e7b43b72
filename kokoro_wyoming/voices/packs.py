"""Voice packs: reads them safely, keeps the ones in use, and blends them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from kokoro_wyoming.assets.tensor_files import ARRAY_SUFFIXES, COPY, REFETCH, damage_explained, read_array
from kokoro_wyoming.errors import AssetError, ModelError, PeerError, UnknownVoiceError
from kokoro_wyoming.releases import described, how_to_get, is_built_in, names
from kokoro_wyoming.voices.blends import is_plain, parse
from kokoro_wyoming.voices.descriptions import folded

_LOGGER = logging.getLogger(__name__)

STYLE_ROW_SIZE = 256

PinnedPacks = dict[str, Tensor]
"""The packs that an utterance uses, by name. A change of a file does not change them."""
Stamp = tuple[int, int]
"""A file's modification time in ns, and its size in bytes."""
_MAX_KEPT = 64
"""Packs in memory, half a megabyte each: enough for all 54 of v1.0 and some of the owner's. Also the most blends."""


def read_pack(path: Path, version: str) -> Tensor:
    """Read a voice pack of a release: float32, shape (rows, 1, 256).

    AssetError names the file when it is missing, truncated, not a tensor, not finite, or for another release.
    """
    remedy = REFETCH if path.suffix == ".pt" and is_built_in(version) else COPY
    pack, rows = read_any(path, remedy), described(version).pack_rows
    if len(pack) != rows:
        raise AssetError(
            f"{path} is not a voice for Kokoro {version}: its shape is {tuple(pack.shape)}, "
            f"where {(rows, 1, STYLE_ROW_SIZE)} was expected{_fitting_release(pack)}."
        )
    return pack


def read_any(path: Path, remedy: str = COPY) -> Tensor:
    """Read a voice pack of whatever release: float32, shape (rows, 1, 256). AssetError as `read_pack`."""
    try:
        with damage_explained(path, remedy):
            return _as_pack(read_array(path, remedy), path, remedy)
    except ModelError as error:
        raise AssetError(str(error)) from error


def _as_pack(pack: Any, path: Path, remedy: str) -> Tensor:
    if not isinstance(pack, Tensor):
        raise AssetError(f"{path} is not a voice: it holds a {type(pack).__name__} where a tensor was expected.")
    if path.suffix == ".bin" and pack.numel() % STYLE_ROW_SIZE == 0:
        pack = pack.reshape(-1, 1, STYLE_ROW_SIZE)
    if pack.shape[1:] != (1, STYLE_ROW_SIZE) or len(pack) == 0 or not pack.is_floating_point():
        raise AssetError(
            f"{path} is not a voice: its shape is {tuple(pack.shape)} of {pack.dtype}, "
            f"where (rows, 1, {STYLE_ROW_SIZE}) of floats was expected."
        )
    pack = pack.detach().to("cpu", torch.float32).contiguous()
    if not bool(torch.isfinite(pack).all()):
        raise AssetError(f"{path} is damaged: it holds values that are not numbers; {remedy}.")
    return pack


def fitting(pack: Tensor) -> tuple[str, ...]:
    """The names of the releases whose packs have as many rows."""
    return tuple(name for name in names() if described(name).pack_rows == len(pack))


def _fitting_release(pack: Tensor) -> str:
    """The end of a message that names the release with this shape; empty if there is none."""
    fits = fitting(pack)
    return f"; it is a voice of Kokoro {fits[0]}" if fits else ""


def pack_paths(folder: Path) -> list[Path]:
    """The files of a folder that may be voices, sorted by name; of files with one name, the one to use is first."""
    try:
        found = [path for path in folder.glob("*") if path.suffix in ARRAY_SUFFIXES]
    except OSError:  # an unreadable folder counts as empty
        return []
    return sorted(found, key=lambda path: (*_order(path.stem), ARRAY_SUFFIXES.index(path.suffix)))


def _order(name: str) -> tuple[str, bool, str]:
    """A sort key. Of names that differ only in case, the lower-case one is first, as published names are lower-case."""
    compared = folded(name)
    return compared, name != compared, name


class VoicePacks:
    """The packs of one release by name, and their blends. They are kept, and read again when a file has changed.

    A changed file counts for utterances that begin after it. An utterance pins the packs that it began with.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder
        self.version = version
        self.forget()

    def forget(self) -> None:
        """Read every pack again at its next use; from any thread."""
        # Replaced and never emptied, as another thread may be using them.
        self._voices: OrderedDict[str, tuple[Stamp, Tensor]] = OrderedDict()
        self._blends: OrderedDict[str, tuple[list[Tensor], Tensor]] = OrderedDict()
        self._in_use: WeakValueDictionary[tuple[str, Stamp], Tensor] = WeakValueDictionary()
        """Packs that an utterance has pinned, so that their files are not read twice."""

    def get(self, name: str, pinned: PinnedPacks | None = None) -> Tensor:
        """The pack of a voice, or of a blend such as "af_heart(2)+af_sky": float32, shape (rows, 1, 256).

        A blend's pack is the weighted mean of its voices' packs. The pack of a single voice is taken from `pinned`, and
        put there at its first use. Raises UnknownVoiceError, BlendError or AssetError.
        """
        if is_plain(name):
            return self._pinned(name, pinned)
        try:
            parts = parse(name).parts
        except PeerError as error:
            raise UnknownVoiceError(f"{error} `kokoro-wyoming voices` lists those of Kokoro {self.version}.") from error
        packs = [self._pinned(part.name, pinned) for part in parts]
        blends = self._blends
        kept = blends.get(name)
        if kept is None or any(old is not new for old, new in zip(kept[0], packs, strict=True)):
            kept = packs, _mean(packs, [part.weight for part in parts])
        return _keep(blends, name, kept)

    def _pinned(self, name: str, pinned: PinnedPacks | None) -> Tensor:
        if pinned is None:
            return self._voice(name)
        if name not in pinned:
            pinned[name] = self._voice(name)
        return pinned[name]

    def _voice(self, name: str) -> Tensor:
        voices = self._voices
        kept = voices.get(name)
        path, stamp = self._find(name)
        if path is None and kept is None:
            known = ", ".join([file.stem for file in pack_paths(self.folder)][:5])
            raise UnknownVoiceError(
                f"There is no voice {name[:40]!r} in Kokoro {self.version}; `kokoro-wyoming voices` lists them"
                + (f" ({known}, ...)." if known else f", and {how_to_get(self.version)} gets them.")
            )
        # A voice whose file was deleted stays usable until `forget`.
        if path is not None and (kept is None or kept[0] != stamp):
            kept = stamp, self._read(path, stamp, None if kept is None else kept[1])
        assert kept is not None
        return _keep(voices, name, kept)

    def _read(self, path: Path, stamp: Stamp, before: Tensor | None) -> Tensor:
        """The pack of a file. Where the file is damaged or half written, the pack from before, if there is one."""
        pack = self._in_use.get((path.name, stamp))
        if pack is not None:
            return pack
        try:
            pack = read_pack(path, self.version)
        except AssetError as error:
            if before is None:
                raise
            _LOGGER.warning("%s Until then %s keeps its earlier pack.", error, path.stem)
            return before
        self._in_use[path.name, stamp] = pack
        return pack

    def _find(self, name: str) -> tuple[Path | None, Stamp]:
        """A voice's file and its stamp, or None and zeros. The name is a plain word, so never a path."""
        for suffix in ARRAY_SUFFIXES:
            path = self.folder / f"{name}{suffix}"
            try:
                state = path.stat()
            except OSError:
                continue
            return path, (state.st_mtime_ns, state.st_size)
        return None, (0, 0)


Kept = TypeVar("Kept")


def _keep(store: OrderedDict[str, tuple[Kept, Tensor]], name: str, item: tuple[Kept, Tensor]) -> Tensor:
    """Add an item as the most recently used one, and drop the least recently used one."""
    store[name] = item
    store.move_to_end(name)
    if len(store) > _MAX_KEPT:
        store.popitem(last=False)
    return item[1]


def _mean(packs: list[Tensor], weights: list[float]) -> Tensor:
    total = sum(weights)
    return torch.stack([pack * (weight / total) for pack, weight in zip(packs, weights, strict=True)]).sum(dim=0)
