"""The layouts of checkpoints that people publish, read as the one that `loading` fills a network with. Pure.

| layout | where |
|---|---|
| a dictionary of state dictionaries | Kokoro v1.0 |
| the same below "net", beside what was for the training alone | Kokoro v0.19, StyleTTS2's own checkpoints |
| all keys in one dictionary, "decoder.encode...", with or without a prefix | safetensors, `KModel.state_dict()` |

In each, keys may have "module." before them, and the two halves of a weight norm either of torch's names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

WRAPPERS = ("net", "model", "state_dict", "model_state_dict", "params", "ema")
"""Keys below which checkpoints keep what they hold."""
_DEPTH = 3

_PREFIXES = ("module.", "net.", "model.", "kmodel.", "_orig_mod.")
_WEIGHT_NORM = {".parametrizations.weight.original0": ".weight_g", ".parametrizations.weight.original1": ".weight_v"}


def parts_of(checkpoint: Any, names: Collection[str]) -> dict[str, dict[str, Tensor]]:
    """The state dictionaries of the network's parts, by name; those that the checkpoint does not have are left out."""
    found: dict[str, dict[str, Tensor]] = {}
    for level in _levels(checkpoint):
        parts = {name: level[name] for name in names if isinstance(level.get(name), Mapping)}
        for candidate in (parts, _grouped(level, names)):
            if len(candidate) > len(found):
                found = {name: dict(state) for name, state in candidate.items()}
        if len(found) == len(names):
            break
    return found


def plain_key(key: str) -> str:
    """A key of a part without "module.", by the older names of a weight norm."""
    key = key.removeprefix("module.")
    for new, old in _WEIGHT_NORM.items():
        if key.endswith(new):
            return key.removesuffix(new) + old
    return key


def _levels(checkpoint: Any) -> list[Mapping[str, Any]]:
    """The dictionary, and those below the keys that wrap others."""
    levels, now = [], [checkpoint]
    for _ in range(_DEPTH):
        now = [level for level in now if isinstance(level, Mapping)]
        levels += now
        now = [level[key] for level in now for key in WRAPPERS if key in level]
    return levels


def _grouped(level: Mapping[str, Any], names: Collection[str]) -> dict[str, dict[str, Tensor]]:
    """The tensors of one dictionary by the part that their keys begin with."""
    parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, value in level.items():
        if not isinstance(value, Tensor) or not isinstance(key, str):
            continue
        name, _, rest = _without_prefixes(key).partition(".")
        if name in names and rest:
            parts[name][rest] = value
    return dict(parts)


def _without_prefixes(key: str) -> str:
    while prefix := next((prefix for prefix in _PREFIXES if key.startswith(prefix)), None):
        key = key.removeprefix(prefix)
    return key
