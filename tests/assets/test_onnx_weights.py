"""Weights from a quantised graph: each kind of node in a graph of its own, and the real export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from kokoro_wyoming.assets import ROUNDED, Store, onnx_weights, weights_source
from kokoro_wyoming.assets.onnx_weights import OnnxGraph, convert
from kokoro_wyoming.errors import AssetError

RANDOM = np.random.default_rng(7)

Constants = dict[str, NDArray[Any]]


def graph(nodes: list[onnx.NodeProto], constants: Constants) -> OnnxGraph:
    made = helper.make_graph(nodes, "test", [], [], [numpy_helper.from_array(v, k) for k, v in constants.items()])
    return OnnxGraph(helper.make_model(made))


def integer_layer(
    kind: str, name: str, weight: str, zero_point: str, scale: str, *, biased: bool = False
) -> list[onnx.NodeProto]:
    """An integer layer and the nodes after it that hold its scale, in the quantiser's form."""
    total = f"{name}/integer"
    nodes = [helper.make_node(kind, [f"{name}/x", weight, "x_zero_point", zero_point], [total], name=name)]
    if biased:
        nodes.append(helper.make_node("Add", [total, f"{name}/bias"], [f"{total}+bias"]))
        total = f"{total}+bias"
    return [
        helper.make_node("Mul", [f"{name}/x_scale", scale], [f"{name}/scales"]),
        *nodes,
        helper.make_node("Cast", [total], [f"{name}/float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}/float", f"{name}/scales"], [f"{name}/y"]),
    ]


def quantised(shape: tuple[int, ...], kind: type[np.int8] | type[np.uint8] = np.uint8) -> NDArray[Any]:
    info = np.iinfo(kind)
    return RANDOM.integers(info.min, info.max, shape, dtype=kind, endpoint=True)


def test_convolutions_with_one_shared_zero_point_keep_their_own_scales() -> None:
    first, second = quantised((4, 3, 5)), quantised((2, 4, 1))
    scales = {"a_scale": np.float32(0.02), "b_scale": np.float32(0.5)}
    tensors = convert(
        graph(
            [
                *integer_layer("ConvInteger", "/encoder/F0_proj/Conv_quant", "F0.w", "zero", "a_scale", biased=True),
                *integer_layer("ConvInteger", "/decoder/decoder/noise/Conv_quant", "noise.w", "zero", "b_scale"),
            ],
            {"F0.w": first, "noise.w": second, "zero": np.array(131, np.uint8)}
            | {name: np.array(scale) for name, scale in scales.items()},
        )
    )
    assert set(tensors) == {"predictor.F0_proj.weight", "decoder.noise.weight"}
    np.testing.assert_array_equal(
        tensors["predictor.F0_proj.weight"], (first.astype(np.float32) - 131) * np.float32(0.02)
    )
    np.testing.assert_array_equal(tensors["decoder.noise.weight"], (second.astype(np.float32) - 131) * np.float32(0.5))


def test_a_zero_point_and_scale_for_each_filter_stay_with_their_filter() -> None:
    weight, zeros, scales = quantised((3, 3, 3)), quantised((3,)), RANDOM.random(3, np.float32)
    nodes = integer_layer("ConvInteger", "/encoder/N_proj/Conv_quant", "w", "zeros", "scales")
    tensors = convert(graph(nodes, {"w": weight, "zeros": zeros, "scales": scales}))
    expected = [(weight[n].astype(np.float32) - zeros[n].astype(np.float32)) * scales[n] for n in range(3)]
    np.testing.assert_array_equal(tensors["predictor.N_proj.weight"], np.stack(expected))


def test_a_linear_layer_is_scaled_by_column_and_transposed() -> None:
    weight, zeros, scales = quantised((5, 3), np.int8), quantised((3,), np.int8), RANDOM.random(3, np.float32)
    nodes = integer_layer("MatMulInteger", "/encoder/bert_encoder/MatMul_quant", "w", "zeros", "scales")
    tensors = convert(graph(nodes, {"w": weight, "zeros": zeros, "scales": scales}))
    expected = (weight.astype(np.float32) - zeros.astype(np.float32)) * scales
    np.testing.assert_array_equal(tensors["bert_encoder.weight"], expected.T)


def test_float_layers_are_taken_as_they_are() -> None:
    convolution, linear = RANDOM.random((2, 3, 4), np.float32), RANDOM.random((9, 1), np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "plain.weight"], ["y"], name="/decoder/decoder/plain/Conv"),
        helper.make_node("MatMul", ["x", "linear"], ["z"], name="/decoder/decoder/generator/l_linear/MatMul"),
        helper.make_node("MatMul", ["y", "z"], ["u"], name="/encoder/bert/attention/MatMul"),
    ]
    tensors = convert(graph(nodes, {"plain.weight": convolution, "linear": linear}))
    assert set(tensors) == {"decoder.plain.weight", "decoder.generator.l_linear.weight"}
    np.testing.assert_array_equal(tensors["decoder.plain.weight"], convolution)
    np.testing.assert_array_equal(tensors["decoder.generator.l_linear.weight"], linear.T)


@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
def test_a_weight_that_the_export_computed_becomes_direction_and_length(kind: str) -> None:
    weight = RANDOM.standard_normal((4, 3, 5)).astype(np.float32)
    name = "/decoder/decoder/generator/ups.0"
    node = helper.make_node(kind, ["x", "/decoder/decoder/generator/Mul_output_0"], ["y"], name=f"{name}/{kind}")
    tensors = convert(graph([node], {"/decoder/decoder/generator/Mul_output_0": weight}))
    layer = torch.nn.utils.weight_norm(torch.nn.Conv1d(3, 4, 5, bias=False))
    layer.load_state_dict({key.rpartition(".")[2]: torch.from_numpy(value) for key, value in tensors.items()})
    layer(torch.zeros(1, 3, 5))
    np.testing.assert_allclose(layer.weight.detach().numpy(), weight, rtol=1e-6, atol=1e-7)


def test_a_filter_rounded_to_zeros_stays_zero_and_is_no_nan() -> None:
    weight = RANDOM.standard_normal((3, 2, 2)).astype(np.float32)
    weight[1] = 0
    tensors = onnx_weights.weight_normed(weight)
    assert tensors["weight_g"].shape == (3, 1, 1)
    assert tensors["weight_g"][1] == 0
    np.testing.assert_array_equal(tensors["weight_v"][1], np.ones((2, 2)))
    layer = torch.nn.utils.weight_norm(torch.nn.Conv1d(2, 3, 2, bias=False))
    layer.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    assert torch.isfinite(layer(torch.ones(1, 2, 2))).all()
    np.testing.assert_allclose(layer.weight.detach().numpy(), weight, rtol=1e-6, atol=1e-7)


def test_an_embedding_is_dequantised_behind_its_gather() -> None:
    table = quantised((6, 4))
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"], name="/encoder/text_encoder/embedding/Gather_quant"),
        helper.make_node(
            "DequantizeLinear",
            ["rows", "scale", "zero"],
            ["y"],
            name="/encoder/text_encoder/embedding/Gather_quant_DequantizeLinear",
        ),
    ]
    constants = {"table": table, "scale": np.array(0.25, np.float32), "zero": np.array(128, np.uint8)}
    tensors = convert(graph(nodes, constants))
    expected = (table.astype(np.float32) - 128) * np.float32(0.25)
    np.testing.assert_array_equal(tensors["text_encoder.embedding.weight"], expected)


INPUTS, HIDDEN, STEPS = 5, 4, 6


def lstm_constants(per_column: bool) -> Constants:
    columns = (4 * HIDDEN,) if per_column else ()
    return {
        "W": quantised((2, INPUTS, 4 * HIDDEN), np.int8),
        "R": quantised((2, HIDDEN, 4 * HIDDEN), np.int8),
        "B": RANDOM.standard_normal((2, 8 * HIDDEN)).astype(np.float32),
        "W_scale": (0.002 + 0.01 * RANDOM.random((2, *columns))).astype(np.float32),
        "W_zero": quantised((2, *columns), np.int8),
        "R_scale": (0.002 + 0.01 * RANDOM.random((2, *columns))).astype(np.float32),
        "R_zero": quantised((2, *columns), np.int8),
    }


def onnx_lstm(constants: Constants, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The output of ONNX's own LSTM with the dequantised weights, shape (steps, directions, batch, hidden)."""
    import onnxruntime

    def matrix(name: str) -> NDArray[np.float32]:
        zero, scale = (constants[f"{name}_{part}"].astype(np.float32).reshape(2, 1, -1) for part in ("zero", "scale"))
        return np.ascontiguousarray(((constants[name].astype(np.float32) - zero) * scale).transpose(0, 2, 1))

    node = helper.make_node("LSTM", ["x", "W", "R", "B"], ["y"], hidden_size=HIDDEN, direction="bidirectional")
    made = helper.make_graph(
        [node],
        "lstm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(matrix("W"), "W"),
            numpy_helper.from_array(matrix("R"), "R"),
            numpy_helper.from_array(constants["B"], "B"),
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


@pytest.mark.parametrize("per_column", [False, True])
def test_an_lstm_computes_in_torch_what_it_computed_in_onnx(per_column: bool) -> None:
    constants = lstm_constants(per_column)
    scales = ["W_scale", "W_zero", "R_scale", "R_zero"]
    node = helper.make_node(
        "DynamicQuantizeLSTM",
        ["x", "W", "R", "B", "", "", "", "", *scales],
        ["y"],
        name="/encoder/shared/LSTM_quant",
        domain="com.microsoft",
    )
    tensors = convert(graph([node], constants))
    layer = torch.nn.LSTM(INPUTS, HIDDEN, bidirectional=True)
    layer.load_state_dict(
        {name.removeprefix("predictor.shared."): torch.from_numpy(each) for name, each in tensors.items()}
    )
    x = RANDOM.standard_normal((STEPS, 1, INPUTS)).astype(np.float32)
    spoken = layer(torch.from_numpy(x))[0].detach().numpy().reshape(STEPS, 1, 2, HIDDEN).transpose(0, 2, 1, 3)
    np.testing.assert_allclose(spoken, onnx_lstm(constants, x), rtol=1e-4, atol=1e-5)


def test_only_the_first_copy_of_the_unrolled_layer_is_read() -> None:
    first, second = quantised((3, 3)), quantised((3, 3))
    layer = "/encoder/bert/encoder/albert_layers.0/attention"
    constants = {"w": first, "v": second, "zero": np.zeros(3, np.uint8), "scale": np.ones(3, np.float32)}
    nodes = [
        *integer_layer("MatMulInteger", f"{layer}/query/MatMul_quant", "w", "zero", "scale"),
        *integer_layer("MatMulInteger", f"{layer}/query_1/MatMul_quant", "v", "zero", "scale"),
    ]
    tensors = convert(graph(nodes, constants))
    assert set(tensors) == {"bert.encoder.albert_layers.0.attention.query.weight"}
    np.testing.assert_array_equal(tensors["bert.encoder.albert_layers.0.attention.query.weight"], first.T)


def test_constants_in_float_keep_their_names_and_helpers_of_the_graph_are_left_out() -> None:
    kept = {
        "encoder.bert.embeddings.LayerNorm.weight": "bert.embeddings.LayerNorm.weight",
        "encoder.text_encoder.cnn.0.1.gamma": "text_encoder.cnn.0.1.gamma",
        "decoder.decoder.generator.resblocks.0.alpha1.2": "decoder.generator.resblocks.0.alpha1.2",
        "decoder.decoder.generator.conv_post.bias": "decoder.generator.conv_post.bias",
    }
    left_out = ["encoder.N_proj.weight_scale", "decoder.decoder.stft.window_sum", "onnx::LSTM_1.bias", "/x/Mul.bias"]
    constants: Constants = {name: np.ones(2, np.float32) for name in [*kept, *left_out]}
    assert set(convert(graph([], constants))) == set(kept.values())


@pytest.mark.parametrize(
    ("node", "layer"),
    [
        ("/decoder/decoder/asr_res/asr_res.0/Conv_quant", "decoder.asr_res.0"),
        (
            "/decoder/decoder/generator/resblocks.4/adain2.2/fc/Gemm_MatMul_quant",
            "decoder.generator.resblocks.4.adain2.2.fc",
        ),
        ("/encoder/F0.1/conv1x1/Conv_quant", "predictor.F0.1.conv1x1"),
        ("/encoder/predictor/text_encoder/lstms.0/LSTM_quant", "predictor.text_encoder.lstms.0"),
        ("/encoder/text_encoder/cnn.2/cnn.2.0/Conv_quant", "text_encoder.cnn.2.0"),
        ("/encoder/bert_encoder/MatMul_quant", "bert_encoder"),
        ("/encoder/MatMul_1", ""),
    ],
)
def test_a_node_s_layer_follows_from_its_path(node: str, layer: str) -> None:
    assert onnx_weights.layer_name(node) == layer


def test_a_layer_with_unexpected_edges_is_named() -> None:
    constants = {"w": quantised((3, 3)), "zero": np.zeros(3, np.uint8)}
    nodes = integer_layer("MatMulInteger", "/encoder/bert_encoder/MatMul_quant", "w", "zero", "computed")
    with pytest.raises(AssetError, match="not laid out as expected at /encoder/bert_encoder/MatMul_quant"):
        convert(graph(nodes, constants))
    with pytest.raises(AssetError, match="not laid out as expected at /encoder/bert_encoder/MatMul_quant"):
        convert(graph(nodes[1:2], constants))


SHAPES = {"bert.a": (2, 3), "decoder.b": (1,)}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"bert.a": None}, "bert.a"),
        ({"bert.extra": np.zeros(1, np.float32)}, "bert.extra"),
        ({"decoder.b": np.zeros((1, 1), np.float32)}, "decoder.b"),
        ({"decoder.b": np.array([np.nan], np.float32)}, "decoder.b"),
    ],
)
def test_tensors_that_are_not_exactly_the_networks_are_refused(change: dict[str, Any], named: str) -> None:
    tensors = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    onnx_weights.check(tensors, SHAPES)
    changed = {name: each for name, each in (tensors | change).items() if each is not None}
    with pytest.raises(AssetError, match=f"1 tensors, the first is {named}"):
        onnx_weights.check(changed, SHAPES)


def test_a_graph_of_another_network_is_refused(tmp_path: Path) -> None:
    other = helper.make_model(helper.make_graph([], "other", [], []))
    onnx.save(other, tmp_path / "other.onnx")
    with pytest.raises(AssetError, match=r"do not fit Kokoro v1\.0: 546 tensors"):
        onnx_weights.state_dicts(tmp_path / "other.onnx")


@pytest.mark.weights
def test_the_weights_at_hand_have_every_tensor_of_the_network(model_data: Store) -> None:
    sections = torch.load(model_data.weights("v1.0"), weights_only=True, mmap=True)
    assert set(sections) == set(onnx_weights.SECTIONS)
    found = {
        f"{section}.{name.removeprefix('module.')}": tensor
        for section in sections
        for name, tensor in sections[section].items()
    }
    expected = onnx_weights.expected_shapes()
    assert {name: tuple(found[name].shape) for name in expected} == expected
    assert all(torch.isfinite(found[name]).all() for name in expected)
    if weights_source(model_data) == ROUNDED:
        assert len(found) == 546
