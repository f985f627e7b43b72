"""Reading files of tensors without trusting them. Apart from `loading`, as whoever reads voices needs no network.

What a parser raises for a damaged file is for it to choose: any exception of one is a ModelError here.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from kokoro_wyoming.errors import KokoroWyomingError, ModelError, first_line
from kokoro_wyoming.files import content_of, opened

REFETCH = "remove the file and run `kokoro-wyoming fetch`"

MAX_ARRAY_BYTES = 8 * 1024 * 1024
"""Of a file with one voice's tensor; a voice has half a megabyte, and what is larger is not read at all."""

MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
"""Of the arrays of an .npz file together; what was learned of a release has four."""


@contextlib.contextmanager
def damage_told(path: Path, remedy: str = REFETCH) -> Iterator[None]:
    """Have every failure to read a file be a ModelError that names it."""
    try:
        yield
    except KokoroWyomingError:
        raise
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing; {remedy.removeprefix('remove the file and ')}.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({first_line(error)}); {remedy}.") from error
    except MemoryError as error:
        raise ModelError(f"{path} asks for more memory than there is; {remedy}.") from error
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path} holds something other than tensors and was not opened; {remedy}.") from error
    except Exception as error:
        raise ModelError(f"{path} is truncated or corrupt ({first_line(error)}); {remedy}.") from error


def read_tensors(path: Path) -> Any:
    """What `torch.save` wrote, tensors and plain containers only; ModelError for anything else."""
    with damage_told(path), opened(path) as file:
        with zipfile.ZipFile(file) as archive:
            _check_size(archive, os.fstat(file.fileno()).st_size)
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)


def read_array(path: Path) -> Any:
    """The one tensor of a .pt, .npy, .bin or .safetensors file; what it is has yet to be checked.

    A .bin file is little-endian float32 without a header: shape (n,). ModelError when it cannot be read or opening
    it could run code.
    """
    with damage_told(path, REFETCH if path.suffix == ".pt" else "put it there anew, or remove it"):
        size_bytes = path.stat().st_size
        if size_bytes > MAX_ARRAY_BYTES:
            raise ModelError(f"{path} is not a voice: it has {size_bytes:,} bytes, and a voice has about 522,000.")
        return _READERS[path.suffix](content_of(path, MAX_ARRAY_BYTES))


def read_archive(path: Path, remedy: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of an .npz file by name; ModelError names the file and the remedy."""
    with damage_told(path, remedy), opened(path) as file, zipfile.ZipFile(file) as archive:
        _check_size(archive, MAX_ARCHIVE_BYTES)
        return {name.removesuffix(".npy"): _array_of(archive.read(name)) for name in archive.namelist()}


def _check_size(archive: zipfile.ZipFile, max_bytes: int) -> None:
    """ValueError for one that is larger unpacked: a megabyte may unpack to a gigabyte."""
    size_bytes = sum(member.file_size for member in archive.infolist())
    if size_bytes > max_bytes:
        raise ValueError(f"it would have {size_bytes:,} bytes when unpacked, and at most {max_bytes:,} are taken")


def _read_pt(content: bytes) -> Any:
    # torch compares no checksums: a flipped bit would be heard.
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_size(archive, len(content))
        if archive.testzip() is not None:
            raise ValueError("a checksum is wrong")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _read_npy(content: bytes) -> Any:
    array = _array_of(content)
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), order="C"))


def _read_raw(content: bytes) -> Any:
    return torch.from_numpy(np.frombuffer(content, "<f4").astype(np.float32))


def _read_safetensors(content: bytes) -> Any:
    from safetensors.torch import load

    tensors = list(load(content).values())
    if len(tensors) != 1:
        raise ValueError(f"it holds {len(tensors)} tensors where one was expected")
    return tensors[0]


_NPY_HEADERS: dict[tuple[int, int], Callable[[BinaryIO], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def _array_of(content: bytes) -> NDArray[Any]:
    """The array of an .npy file. An exception of some kind when it is none, or its header tells of another size."""
    file = io.BytesIO(content)
    shape, by_columns, dtype = _NPY_HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.hasobject:
        raise ValueError("it holds objects, and no numbers")
    told_bytes, size_bytes = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
    # Before memory is asked for.
    if told_bytes != size_bytes:
        raise ValueError(f"its header tells of {told_bytes:,} bytes, and it has {size_bytes:,}")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order="F" if by_columns else "C").copy()


_READERS: dict[str, Callable[[bytes], Any]] = {
    ".pt": _read_pt,
    ".npy": _read_npy,
    ".safetensors": _read_safetensors,
    ".bin": _read_raw,
}
ARRAY_SUFFIXES = tuple(_READERS)
"""The kinds of files that a tensor may come in; where two of one name lie side by side, the first kind counts."""
