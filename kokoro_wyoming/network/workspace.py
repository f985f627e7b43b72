"""Memory that every layer uses again: page faults of fresh memory would cost more than the computation."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Workspace:
    """Memory for intermediate results, by name. A name always gives the same memory, with arbitrary content."""

    def __init__(self) -> None:
        self._memory: dict[str, Tensor] = {}

    def place(self, name: str, like: Tensor) -> Tensor:
        """float32 memory of the shape and on the device of `like`."""
        return self.shaped(name, tuple(like.shape), like.device)

    def as_float32(self, name: str, u: Tensor) -> Tensor:
        """`u` itself where it has this type, else a copy in memory of this name."""
        return u if u.dtype == torch.float32 else self.place(name, u).copy_(u)

    def shaped(
        self, name: str, shape: tuple[int, ...], device: torch.device, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Contiguous memory of this shape and type."""
        size, memory = math.prod(shape), self._memory.get(name)
        if memory is None or memory.numel() < size or memory.dtype != dtype:
            memory = self._memory[name] = torch.empty(size, dtype=dtype, device=device)
        return memory[:size].view(shape)

    def clear(self) -> None:
        """Let the memory go. What was placed in it before stays until nobody holds it."""
        self._memory.clear()
