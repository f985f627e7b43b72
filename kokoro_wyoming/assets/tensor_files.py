"""Reads files of tensors that may be damaged or hostile.

Parsers raise all kinds of exceptions for a damaged file, so any exception of a parser becomes a ModelError here.
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
from typing import Any, BinaryIO, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from kokoro_wyoming.assets.files import SAFETENSORS, content_of, opened
from kokoro_wyoming.errors import KokoroWyomingError, ModelError, first_line

REMOVE = "remove the file and "
REFETCH = f"{REMOVE}run `kokoro-wyoming fetch`"
COPY = "put a new copy there, or remove it"

MAX_ARRAY_BYTES = 8 * 1024 * 1024
"""The most bytes of a file with one voice's tensor. A voice has half a megabyte. A larger file is not read."""

MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
"""The most bytes of all arrays of an .npz file, unpacked. The fit of a release has 4 MB."""


@contextlib.contextmanager
def damage_explained(path: Path, remedy: str = REFETCH) -> Iterator[None]:
    """Turn every failure to read a file into a ModelError with the path and the remedy."""
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


def read_tensors(path: Path, remedy: str = REFETCH) -> Any:
    """Read a file of `torch.save` with tensors and plain containers, or of safetensors; ModelError for all else."""
    with damage_explained(path, remedy), opened(path) as file:
        if path.suffix == SAFETENSORS:
            from safetensors.torch import load_file

            return load_file(path)
        with zipfile.ZipFile(file) as archive:
            _check_size(archive, os.fstat(file.fileno()).st_size)
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)


def read_array(path: Path, remedy: str = COPY) -> Any:
    """The object in a .pt, .npy, .bin or .safetensors file; the caller checks type and shape.

    A .bin file is little-endian float32 without a header, so shape (n,). ModelError, which ends with `remedy`, when the
    file cannot be read, or when reading it could run code.
    """
    with damage_explained(path, remedy):
        size_bytes = path.stat().st_size
        if path.suffix not in _READERS:
            raise ModelError(f"{path} is not a voice: those are files of {', '.join(_READERS)}.")
        if size_bytes > MAX_ARRAY_BYTES:
            raise ModelError(f"{path} is not a voice: it has {size_bytes:,} bytes, and a voice has about 522,000.")
        return _READERS[path.suffix](content_of(path, MAX_ARRAY_BYTES))


def read_tensor(path: Path) -> torch.Tensor:
    """The one tensor in a file of `torch.save`, whatever the file's suffix; ModelError for all else."""
    with damage_explained(path):
        tensor = _read_pt(content_of(path, MAX_ARRAY_BYTES))
        if not isinstance(tensor, torch.Tensor):
            raise TypeError("it holds no tensor")
        return tensor


def read_archive(path: Path, remedy: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of an .npz file by name; ModelError with the path and the remedy."""
    with damage_explained(path, remedy), opened(path) as file, zipfile.ZipFile(file) as archive:
        _check_size(archive, MAX_ARCHIVE_BYTES)
        return {name.removesuffix(".npy"): _array_of(archive.read(name)) for name in archive.namelist()}


def _check_size(archive: zipfile.ZipFile, max_bytes: int) -> None:
    """Raise ValueError if the archive is larger unpacked: a megabyte may unpack to a gigabyte."""
    size_bytes = sum(member.file_size for member in archive.infolist())
    if size_bytes > max_bytes:
        raise ValueError(f"it would have {size_bytes:,} bytes when unpacked; at most {max_bytes:,} are allowed")


def _read_pt(content: bytes) -> Any:
    # torch does not check the checksums, and a flipped bit could be audible.
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
    """The array of an .npy file. Raises any exception if it is none, or has another size than its header says."""
    file = io.BytesIO(content)
    shape, is_fortran_order, dtype = _NPY_HEADERS[np.lib.format.read_magic(file)](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects instead of numbers")
    # Checked before any memory of the size in the header is allocated.
    header_bytes, size_bytes = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
    if header_bytes != size_bytes:
        raise ValueError(f"its header says {header_bytes:,} bytes, and it has {size_bytes:,}")
    order: Literal["F", "C"] = "F" if is_fortran_order else "C"
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order=order).copy()


_READERS: dict[str, Callable[[bytes], Any]] = {
    ".pt": _read_pt,
    ".npy": _read_npy,
    SAFETENSORS: _read_safetensors,
    ".bin": _read_raw,
}
ARRAY_SUFFIXES = tuple(_READERS)
"""The suffixes of tensor files. Where two files have the same stem, the one with the earlier suffix counts."""
