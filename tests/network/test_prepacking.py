"""Packed layers compute the same as torch's layers, and replace them only where this was measured to be quicker."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from kokoro.modules import ProsodyPredictor, TextEncoder
from torch import Tensor, nn
from torch.nn.utils import remove_weight_norm
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from kokoro_wyoming.network import inference, prepacking
from kokoro_wyoming.network.convolution import Convolution
from kokoro_wyoming.network.decoder import TunedModule
from kokoro_wyoming.network.prepacking import PackedConvolution, PackedLinear, PackedLstm, prepack
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.network.ways import possible_ways
from kokoro_wyoming.network.workspace import Workspace


class _SmallBert(nn.Module):
    """Two layers and an activation with the attribute names of BERT's parts; it is not BERT."""

    def __init__(self) -> None:
        super().__init__()
        self.ffn, self.ffn_output = nn.Linear(48, 96), nn.Linear(96, 48)
        self.activation: nn.Module = nn.ReLU()

    def forward(self, u: Tensor) -> Tensor:
        """float32, shape (..., 48), to the same shape."""
        inner: Tensor = self.ffn(u)
        outer: Tensor = self.ffn_output(self.activation(inner))
        return outer


def _small_model() -> SimpleNamespace:
    """kokoro's own parts in a small size with folded weight norm, and a stand-in for BERT."""
    torch.manual_seed(1)
    text_encoder = TextEncoder(channels=32, kernel_size=5, depth=3, n_symbols=40)
    predictor = ProsodyPredictor(style_dim=8, d_hid=32, nlayers=2)
    for module in (*text_encoder.modules(), *predictor.modules()):
        if hasattr(module, "weight_g"):
            remove_weight_norm(module)
    parts = {"bert": _SmallBert(), "text_encoder": text_encoder, "predictor": predictor}
    return SimpleNamespace(**{name: part.eval().requires_grad_(False) for name, part in parts.items()})


def _column_major(u: Tensor) -> Tensor:
    """The same numbers with contiguous columns instead of rows."""
    return u.mT.contiguous().mT


@pytest.mark.parametrize("shape", [(1, 1, 48), (1, 37, 48), (1, 16, 48), (2, 5, 48), (1, 48)])
def test_packed_linear_layers_give_what_torch_s_own_give(shape: tuple[int, ...]) -> None:
    own = _small_model()
    ours = copy.deepcopy(own)
    prepack(ours)
    own.bert.activation = nn.GELU(approximate="tanh")
    u = torch.randn(shape)
    with torch.inference_mode():
        for given in (u, _column_major(u)):
            assert torch.allclose(ours.bert(given), own.bert(u), atol=1e-5)


@pytest.mark.parametrize("dtype", inference._usable_types())
@pytest.mark.parametrize(("taps", "dilation"), [(3, 1), (3, 4), (5, 1)])
def test_packed_convolutions_give_what_torch_s_own_give(taps: int, dilation: int, dtype: torch.dtype) -> None:
    module = nn.Conv1d(34, 64, taps, padding=taps // 2 * dilation, dilation=dilation).requires_grad_(False)
    convolution = Convolution.of(module, dtype)
    ours, padding = PackedConvolution(convolution), convolution.padding
    for count in (1, 2, 16, 40, 333):
        padded = torch.zeros(count + 2 * padding, 34, dtype=dtype)
        padded[padding : padding + count] = u = torch.randn(count, 34, dtype=dtype)
        got, wanted = ours(padded, count, Workspace()), convolution(u)
        assert got.dtype == wanted.dtype == ours.dtype == dtype
        assert torch.allclose(got, wanted, atol=1e-5 if dtype == torch.float32 else 0.05)


@pytest.mark.parametrize("count", [1, 2, 16, 45])
def test_a_packed_lstm_gives_what_torch_s_own_gives(count: int) -> None:
    own = nn.LSTM(24, 16, batch_first=True, bidirectional=True).requires_grad_(False)
    ours, u = PackedLstm(own), torch.randn(1, count, 24)
    sequence = pack_padded_sequence(u, torch.tensor([count]), batch_first=True, enforce_sorted=False)
    with torch.inference_mode():
        expected = own(u)[0]
        assert torch.allclose(ours(u)[0], expected, atol=1e-5)
        assert torch.allclose(ours(_column_major(u))[0], expected, atol=1e-5)
        assert torch.allclose(pad_packed_sequence(ours(sequence)[0], batch_first=True)[0], expected, atol=1e-5)


def test_kokoro_s_own_parts_give_the_same_with_packed_layers() -> None:
    own = _small_model()
    ours = copy.deepcopy(own)
    prepack(ours)
    inference._tune_before_decoder(ours, Tuning([torch.float32]))
    assert {type(module) for module in ours.predictor.modules()} >= {PackedLstm, TunedModule}
    assert not {type(module) for module in ours.text_encoder.modules()} & {nn.LSTM, nn.Conv1d}
    ids, style = torch.randint(40, (1, 17)), torch.randn(1, 8)
    lengths, nothing = torch.tensor([17]), torch.zeros(1, 17, dtype=torch.bool)
    with torch.inference_mode():
        theirs, given = (model.text_encoder(ids, lengths, nothing) for model in (own, ours))
        assert torch.allclose(theirs, given, atol=1e-5)
        theirs, given = (model.predictor.text_encoder(theirs, style, lengths, nothing) for model in (own, ours))
        assert torch.allclose(theirs, given, atol=1e-5)
        theirs, given = (torch.stack(model.predictor.F0Ntrain(theirs.mT, style)) for model in (own, ours))
        assert torch.allclose(theirs, given, atol=1e-4)


@pytest.mark.parametrize(("architecture", "kind"), [("x86_64", PackedLinear), ("aarch64", nn.Linear)])
def test_other_processors_keep_torch_s_layers(
    architecture: str, kind: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": architecture})
    model = _small_model()
    prepack(model)
    families = {way.family for way in possible_ways(3, [torch.float32], has_large_weights=True)}
    assert ("packed" in families) == (kind is PackedLinear)
    assert type(model.bert.ffn) is type(model.bert.ffn_output) is kind


@pytest.fixture
def proved_anew() -> Iterator[None]:
    """Each kind of layer is tried again, in the test and after it."""
    prepacking._is_right.cache_clear()
    yield
    prepacking._is_right.cache_clear()


_OWN_LAYERS: dict[type[nn.Module], type[nn.Module]] = {PackedLinear: nn.Linear, PackedLstm: nn.LSTM}


@pytest.mark.usefixtures("proved_anew")
@pytest.mark.parametrize("kind", _OWN_LAYERS)
@pytest.mark.parametrize("fault", ["missing", "wrong"])
def test_a_kind_of_layer_that_fails_its_trial_stays_torch_s_own(
    kind: type[nn.Module], fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Tensor:
        if fault == "missing":
            raise RuntimeError("mkldnn_reorder: this processor lacks it\nand more lines")
        return torch.zeros(())

    monkeypatch.setattr(kind, "_bidirectional" if kind is PackedLstm else "forward", fail)
    model = _small_model()
    prepack(model)
    prepack(_small_model())
    modules = {type(module) for part in vars(model).values() for module in part.modules()}
    assert kind not in modules
    assert _OWN_LAYERS[kind] in modules
    assert modules >= _OWN_LAYERS.keys() - {kind}
    (line,) = caplog.messages
    reason = "mkldnn_reorder: this processor lacks it" if fault == "missing" else "it gives other results than torch's"
    assert line == f"{kind.__name__} in torch.float32 is not used here, and speech is slower: {reason}"


@pytest.mark.usefixtures("proved_anew")
def test_packed_convolutions_that_fail_their_trial_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PackedConvolution, "__call__", lambda *_: torch.zeros(()))
    assert "packed" not in {way.family for way in possible_ways(3, [torch.float32], has_large_weights=True)}


@pytest.mark.usefixtures("proved_anew")
def test_bfloat16_that_onednn_refuses_gives_way_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "multiplies_bfloat16", lambda: True)
    monkeypatch.setitem(prepacking._PROOFS, "PackedConvolution", lambda dtype: (torch.ones(1), torch.ones(1)))
    assert inference._usable_types() == [torch.float32, torch.bfloat16]
    prepacking._is_right.cache_clear()
    monkeypatch.setitem(prepacking._PROOFS, "PackedConvolution", lambda dtype: (torch.ones(1), torch.zeros(1)))
    assert inference._usable_types() == [torch.float32]


def test_a_trial_leaves_the_random_numbers_as_they_were() -> None:
    prepacking._is_right.cache_clear()
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    assert prepacking.is_used(PackedLstm)
    assert torch.equal(torch.randn(4), expected)
