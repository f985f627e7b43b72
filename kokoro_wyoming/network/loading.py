"""Loads a checkpoint into `kokoro.KModel`, and checks that every weight arrived.

`KModel`'s own loading skips keys that it does not know: a file whose keys have another prefix leaves random weights,
without an error. So this module builds the model empty, fills it, and checks each part.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from kokoro_wyoming.assets.files import content_of
from kokoro_wyoming.assets.inspection import MAX_CONFIG_BYTES
from kokoro_wyoming.assets.tensor_files import REFETCH, REMOVE, damage_explained, read_tensors
from kokoro_wyoming.errors import ModelError, first_line
from kokoro_wyoming.network.kokoro_package import KModel
from kokoro_wyoming.network.layouts import parts_of, plain_key
from kokoro_wyoming.network.memory import large_blocks_apart

REPOSITORY = "hexgrad/Kokoro-82M"
"""The name that `kokoro` requires for a model. Nothing is downloaded from there, as all files are given."""

MAX_SIZE, MAX_LAYERS = 4096, 16
"""Limits for a configuration. The published ones have plbert.intermediate_size 2,048, plbert.num_hidden_layers 12."""

MODULES = ("bert", "bert_encoder", "predictor", "text_encoder", "decoder")


def read_config(path: Path, remedy: str = REFETCH) -> dict[str, Any]:
    """The sizes and the vocabulary of a release; ModelError when missing, not JSON, incomplete or out of limits.

    `remedy` is the end of the message.
    """
    what = f"The model's configuration {path}"
    try:
        config = json.loads(content_of(path, MAX_CONFIG_BYTES))
    except FileNotFoundError:
        raise ModelError(f"{what} is missing; {remedy.removeprefix(REMOVE)}.") from None
    except Exception as error:  # deeply nested JSON raises a RecursionError
        raise ModelError(f"{what} cannot be read ({first_line(error)}); {remedy}.") from error
    needed = {"vocab", "n_token", "plbert", "hidden_dim", "style_dim", "istftnet"}
    missing = needed - set(config) if isinstance(config, dict) else needed
    if missing:
        raise ModelError(f"{what} lacks {', '.join(sorted(missing))}; {remedy}.")
    fault = vocabulary_fault(config["vocab"], config["n_token"]) or _size_fault(config)
    if fault:
        raise ModelError(f"{what} is damaged: {fault}; {remedy}.")
    return dict(config)


def vocabulary_fault(vocabulary: Any, n_tokens: Any) -> str | None:
    """The fault of a vocabulary, or None. Each id must be below `n_tokens`, as the network has that many vectors."""
    if not isinstance(n_tokens, int) or not isinstance(vocabulary, dict):
        return "vocab must map symbols to ids, and n_token must be the number of ids"
    wrong = [symbol for symbol, id_ in vocabulary.items() if type(id_) is not int or not 0 <= id_ < n_tokens]
    return f"{wrong[0][:20]!r} has no id below {n_tokens} in vocab" if wrong else None


def _size_fault(value: Any, key: str = "") -> str | None:
    """The first size or count that is above its limit, or None: to build a million layers would take hours."""
    if isinstance(value, dict):
        return next(filter(None, (_size_fault(inner, name) for name, inner in value.items() if name != "vocab")), None)
    if isinstance(value, list):
        too_long = f"{key} has {len(value):,} numbers" if len(value) > MAX_LAYERS else None
        return too_long or next(filter(None, (_size_fault(inner, key) for inner in value)), None)
    limit = MAX_LAYERS if "layer" in key or "num" in key else MAX_SIZE
    fits = not isinstance(value, int | float) or abs(value) <= limit
    return None if fits else f"{str(value)[:20]} is too much for {key[:40]}"


def load_model(config: Mapping[str, Any], path: Path, remedy: str = REFETCH) -> KModel:
    """A KModel in evaluation mode on the CPU, with every weight of the file loaded.

    It reads every layout of `layouts`. ModelError when a part, a key or a shape does not fit; it ends with `remedy`.
    """
    with large_blocks_apart():
        parts = _parts(read_tensors(path, remedy), path, remedy)
    model = _empty_model(config, path, remedy)
    with damage_explained(path, remedy):
        for name in MODULES:
            _fill(getattr(model, name), _normalised(parts[name]), f"{path}: {name}", remedy)
        _make_constants(model)
    return model.eval().requires_grad_(False)


def _empty_model(config: Mapping[str, Any], path: Path, remedy: str = REFETCH) -> KModel:
    """A `KModel` without weights, built by its own constructor from an empty checkpoint."""
    checkpoint = io.BytesIO()
    torch.save({}, checkpoint)
    checkpoint.seek(0)
    try:
        # On no device: 82 million random initial weights would take seconds, and memory that is never returned.
        with torch.device("meta"), _NoInitialValues():
            return KModel(repo_id=REPOSITORY, config=dict(config), model=checkpoint)
    except Exception as error:
        raise ModelError(
            f"The configuration for {path} does not describe a Kokoro network ({error!r}); {remedy}."
        ) from error


class _NoInitialValues(TorchFunctionMode):
    """Leaves out what computes initial values: on no device it would import torch's compiler, 80 MB and two seconds."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return given["tensor"]
        compute: Callable[..., Any] = _EMPTY_RESULTS.get(func, func)
        return compute(*args, **given)


def _empty_norms(weight: Tensor, power: float, axis: int) -> Tensor:
    return torch.empty([size if each == axis else 1 for each, size in enumerate(weight.shape)])


_EMPTY_RESULTS: dict[Callable[..., Any], Callable[..., Tensor]] = {
    torch.hann_window: lambda size, **_: torch.empty(size),
    torch.norm_except_dim: _empty_norms,
    torch._weight_norm: lambda weight, *_: torch.empty(weight.shape),
    Tensor.normal_: lambda tensor, *_: tensor,
}
"""What computes on tensors while `kokoro` builds its network, with what gives a tensor of the same shape."""


def _make_constants(model: KModel) -> None:
    """Create the tensors that a file lacks, with the values that the constructors would give them."""
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.is_meta:  # the file lacks it, which `_may_be_missing` allows
                value = torch.ones if name == "weight" and isinstance(module, torch.nn.InstanceNorm1d) else torch.zeros
                setattr(module, name, torch.nn.Parameter(value(parameter.shape)))
        for name, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_meta:
                positions = torch.arange(buffer.shape[-1]).expand(buffer.shape)
                is_positions = name == "position_ids"
                setattr(module, name, positions if is_positions else torch.zeros_like(buffer, device="cpu"))
    stft = model.decoder.generator.stft
    stft.window = torch.hann_window(stft.win_length, periodic=True)


def _parts(checkpoint: Any, path: Path, remedy: str) -> Mapping[str, Mapping[str, Tensor]]:
    parts = parts_of(checkpoint, MODULES)
    missing = [name for name in MODULES if name not in parts]
    if missing:
        raise ModelError(f"{path} is not a Kokoro checkpoint: it has no {', '.join(missing)}; {remedy}.")
    return parts


def _normalised(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors in float32 under the names that the network has; the network uses them without a copy."""
    return {plain_key(key): value.float() if value.is_floating_point() else value for key, value in state.items()}


def _may_be_missing(key: str) -> bool:
    """Whether a file may lack the key: older files lack InstanceNorm's default affine; the pooler is never used."""
    return key.endswith((".norm.weight", ".norm.bias")) or key.startswith("pooler.")


def _fill(module: torch.nn.Module, state: dict[str, Tensor], where: str, remedy: str) -> None:
    kinds = {key: value.dtype for key, value in module.state_dict().items()}
    wrong = [key for key, value in state.items() if value.is_meta or value.dtype != kinds.get(key, value.dtype)]
    if wrong:
        raise ModelError(f"{where} does not fit the network ({wrong[0]} is {state[wrong[0]].dtype}); {remedy}.")
    broken = next((key for key, value in state.items() if not math.isfinite(float(value.sum()))), None)
    if broken is not None:
        raise ModelError(f"{where} is damaged ({broken} holds values that are not numbers); {remedy}.")
    try:
        result = module.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as error:
        raise ModelError(f"{where} does not fit the network ({first_line(error, 1)}); {remedy}.") from error
    missing = [key for key in result.missing_keys if not _may_be_missing(key)]
    if missing or result.unexpected_keys:
        what = f"lacks {missing[0]}" if missing else f"has an unknown {result.unexpected_keys[0]}"
        count = len(missing) + len(result.unexpected_keys)
        raise ModelError(f"{where} {what} ({count} keys do not match the network); {remedy}.")
