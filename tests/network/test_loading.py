"""A checkpoint is either loaded in whole, or refused with an error that names the file and the remedy."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.network.kokoro_package import KModel
from kokoro_wyoming.network.loading import MODULES, load_model, read_config

SHIPPED_CONFIG = Path(__file__).parents[2] / "kokoro_wyoming" / "builds" / "v1_0" / "config.json"


@pytest.fixture(scope="module")
def small_config() -> dict[str, Any]:
    """The configuration of a Kokoro network with few channels, as building the real one takes seconds."""
    config = read_config(SHIPPED_CONFIG)
    config["plbert"] |= {"hidden_size": 12, "num_attention_heads": 2, "intermediate_size": 8, "num_hidden_layers": 1}
    config |= {"hidden_dim": 512}
    config["istftnet"] |= {
        "upsample_initial_channel": 8,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
    }
    return config


@pytest.fixture(scope="module")
def parts(small_config: dict[str, Any]) -> dict[str, dict[str, torch.Tensor]]:
    """The tensors of that network, random but complete."""
    empty = io.BytesIO()
    torch.save({}, empty)
    empty.seek(0)
    model = KModel(repo_id="hexgrad/Kokoro-82M", config=small_config, model=empty)
    return {name: {key: _small(value) for key, value in getattr(model, name).state_dict().items()} for name in MODULES}


def _small(value: torch.Tensor) -> torch.Tensor:
    """A large tensor with its first number everywhere, as a file of 140 MB for each test takes seconds."""
    return value if value.numel() < 100_000 else value.flatten()[:1].clone().expand(value.shape)


def _prefixed(parts: dict[str, dict[str, torch.Tensor]]) -> dict[str, Any]:
    return {name: {f"module.{key}": value for key, value in state.items()} for name, state in parts.items()}


def _without_affines(parts: dict[str, dict[str, torch.Tensor]]) -> dict[str, Any]:
    affine = (".norm.weight", ".norm.bias")
    return {n: {k: v for k, v in s.items() if not k.endswith(affine)} for n, s in parts.items()}


def _flat(parts: dict[str, dict[str, torch.Tensor]], prefix: str = "") -> dict[str, Any]:
    """All keys in one dictionary, by the newer names of a weight norm, as `KModel.state_dict()` has them."""
    newer = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    renamed = {}
    for name, state in parts.items():
        for key, value in state.items():
            *above, last = key.split(".")
            renamed[f"{prefix}{name}.{'.'.join((*above, newer.get(last, last)))}"] = value
    return renamed


def _of_a_training(parts: dict[str, dict[str, torch.Tensor]]) -> dict[str, Any]:
    """What StyleTTS2 saves: the network below "net" beside networks and numbers that only a training needs."""
    net = _prefixed(parts) | {"mpd": {"module.weight": torch.zeros(2)}, "text_aligner": {}}
    return {"net": net, "optimizer": {"state": {0: {"step": 5}}}, "iters": 3, "epoch": 1, "val_loss": 0.5}


@pytest.mark.parametrize(
    "layout",
    [
        lambda parts: parts,
        pytest.param(lambda parts: {"net": _prefixed(parts)}, marks=pytest.mark.long),
        pytest.param(_without_affines, marks=pytest.mark.long),
        _flat,
        pytest.param(lambda parts: {"model": _flat(parts, "module.")}, marks=pytest.mark.long),
        pytest.param(_of_a_training, marks=pytest.mark.long),
    ],
    ids=["plain", "below net", "no InstanceNorm affines", "flat", "flat below model", "of a training"],
)
def test_every_published_layout_fills_every_weight(
    layout: Callable[[Any], Any], small_config: dict[str, Any], parts: Any, tmp_path: Path
) -> None:
    torch.save(layout(parts), tmp_path / "weights.pth")
    model = load_model(small_config, tmp_path / "weights.pth")
    for name in MODULES:
        loaded = getattr(model, name).state_dict()
        assert all(torch.equal(loaded[key], value) for key, value in parts[name].items())


@pytest.mark.slow
def test_safetensors_fill_every_weight(small_config: dict[str, Any], parts: Any, tmp_path: Path) -> None:
    tensors = {key: value.contiguous().clone() for key, value in _flat(parts).items()}
    save_file(tensors, tmp_path / "weights.safetensors")
    model = load_model(small_config, tmp_path / "weights.safetensors")
    loaded = model.decoder.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in parts["decoder"].items())
    (tmp_path / "weights.safetensors").write_bytes(b"not that")
    with pytest.raises(ModelError, match="truncated or corrupt"):
        load_model(small_config, tmp_path / "weights.safetensors")


def _drop_a_part(parts: Any) -> Any:
    return {name: state for name, state in parts.items() if name != "decoder"}


def _wrong_prefix(parts: Any) -> Any:
    return parts | {"decoder": {f"model.{key}": value for key, value in parts["decoder"].items()}}


def _one_missing(parts: Any) -> Any:
    return parts | {"bert_encoder": {"weight": parts["bert_encoder"]["weight"]}}


def _one_extra(parts: Any) -> Any:
    return parts | {"bert_encoder": parts["bert_encoder"] | {"extra": torch.zeros(1)}}


def _integer_bias(parts: Any) -> Any:
    return parts | {"bert_encoder": parts["bert_encoder"] | {"bias": parts["bert_encoder"]["bias"].long()}}


def _broken_bias(parts: Any) -> Any:
    bias = parts["bert_encoder"]["bias"].clone()
    bias[3] = torch.nan
    return parts | {"bert_encoder": parts["bert_encoder"] | {"bias": bias}}


def _meta_bias(parts: Any) -> Any:
    return parts | {"bert_encoder": parts["bert_encoder"] | {"bias": parts["bert_encoder"]["bias"].to("meta")}}


def _wrong_shape(parts: Any) -> Any:
    return parts | {"bert_encoder": parts["bert_encoder"] | {"bias": torch.zeros(3)}}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_drop_a_part, "decoder"),
        (_one_missing, "lacks bias"),
        (lambda parts: [1, 2], "not a Kokoro checkpoint"),
        (lambda parts: {"net": 5}, "not a Kokoro checkpoint"),
        *(
            pytest.param(*each, marks=pytest.mark.long)
            for each in (
                (_wrong_prefix, "keys do not match"),
                (_one_extra, "unknown extra"),
                (_wrong_shape, "size mismatch"),
                (_integer_bias, r"bert_encoder does not fit the network \(bias is torch.int64\)"),
                (_broken_bias, r"bert_encoder is damaged \(bias holds values that are not numbers\)"),
                (_meta_bias, r"bert_encoder does not fit the network \(bias is"),
                (lambda parts: parts | {"bert_encoder": {"weight": "bias"}}, "truncated or corrupt"),
                (lambda parts: parts | {"bert_encoder": {5: torch.zeros(1)}}, "truncated or corrupt"),
            )
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    spoil: Callable[[Any], Any], told: str, small_config: dict[str, Any], parts: Any, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pth"
    torch.save(spoil(parts), path)
    with pytest.raises(ModelError, match=told) as refused:
        load_model(small_config, path)
    assert str(path) in str(refused.value)
    assert "fetch" in str(refused.value)


class Harmful:
    """An object that writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return Path.write_text, (self.target, "the pickle ran")


def test_a_pickle_that_is_not_tensors_is_never_run(small_config: dict[str, Any], tmp_path: Path) -> None:
    path, target = tmp_path / "weights.pth", tmp_path / "harm"
    path.write_bytes(pickle.dumps({"net": Harmful(target)}))
    with pytest.raises(ModelError, match=r"weights\.pth"):
        load_model(small_config, path)
    assert not target.exists()


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(keep: float, small_config: Any, parts: Any, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(parts, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(ModelError, match=r"weights\.pth is truncated or corrupt"):
        load_model(small_config, path)


def test_junk_and_a_missing_file_are_refused(small_config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with pytest.raises(ModelError, match="missing; run"):
        load_model(small_config, path)
    path.write_bytes(b"not weights at all" * 100)
    with pytest.raises(ModelError, match=r"weights\.pth"):
        load_model(small_config, path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is missing"),
        ("", "cannot be read"),
        ('{"vocab": {', "cannot be read"),
        ("[]", "lacks"),
        ('{"vocab": {}}', "lacks hidden_dim"),
        ("\udcff", "cannot be read"),
    ],
)
def test_a_damaged_config_names_the_file_and_the_remedy(content: str | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ModelError, match=told) as refused:
        read_config(path)
    assert str(path) in str(refused.value)
    assert "fetch" in str(refused.value)


def test_a_config_of_another_network_is_refused(small_config: dict[str, Any], parts: Any, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(parts, path)
    wrong = json.loads(json.dumps(small_config)) | {"istftnet": {"upsample_rates": "ten"}}
    with pytest.raises(ModelError, match="does not describe a Kokoro network"):
        load_model(wrong, path)
