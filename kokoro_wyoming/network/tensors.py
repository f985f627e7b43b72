"""Reading files of tensors without trusting them. Apart from `loading`, as whoever reads voices needs no network."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kokoro_wyoming.errors import ModelError

REFETCH = "remove the file and run `kokoro-wyoming fetch`"


def read_tensors(path: Path) -> Any:
    """What `torch.save` wrote, tensors and plain containers only; ModelError for anything else."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; run `kokoro-wyoming fetch`.") from None
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path} holds something other than tensors and was not opened; {REFETCH}.") from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise ModelError(f"{path} is truncated or corrupt ({first_line(error)}); {REFETCH}.") from error


MAX_ARRAY_BYTES = 8 * 1024 * 1024
"""Of a file with one voice's tensor; a voice has half a megabyte, and what is larger is not read at all."""


def read_array(path: Path) -> Any:
    """The one tensor of a .pt, .npy, .bin or .safetensors file; what it is has yet to be checked.

    A .bin file is little-endian float32 without a header: shape (n,). ModelError when it cannot be read or opening
    it could run code.
    """
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({first_line(error)}); run `kokoro-wyoming fetch`.") from error
    if size_bytes > MAX_ARRAY_BYTES:
        raise ModelError(f"{path} is not a voice: it has {size_bytes:,} bytes, and a voice has about 522,000.")
    return _READERS[path.suffix](path)


def _read_npy(path: Path) -> Any:
    try:
        array = np.load(path, allow_pickle=False)
        return torch.from_numpy(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")))
    except (OSError, EOFError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is not an array of numbers ({first_line(error)}).") from error


def _read_raw(path: Path) -> Any:
    try:
        return torch.from_numpy(np.fromfile(path, "<f4").astype(np.float32))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({first_line(error)}).") from error


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = list(load_file(path).values())
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelError(f"{path} is truncated or corrupt ({first_line(error)}).") from error
    if len(tensors) != 1:
        raise ModelError(f"{path} is not a voice: it holds {len(tensors)} tensors where one was expected.")
    return tensors[0]


_READERS: dict[str, Callable[[Path], Any]] = {
    ".pt": read_tensors,
    ".npy": _read_npy,
    ".safetensors": _read_safetensors,
    ".bin": _read_raw,
}
ARRAY_SUFFIXES = tuple(_READERS)
"""The kinds of files that a tensor may come in; where two of one name lie side by side, the first kind counts."""


def first_line(error: BaseException, line: int = 0) -> str:
    """One line of an exception's text, to quote in ours."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[min(line, len(lines) - 1)].strip()[:200]
