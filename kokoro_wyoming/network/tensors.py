"""Reading files of tensors without trusting them. Apart from `loading`, as whoever reads voices needs no network."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

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


def first_line(error: BaseException, line: int = 0) -> str:
    """One line of an exception's text, to quote in ours."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[min(line, len(lines) - 1)].strip()[:200]
