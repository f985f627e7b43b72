"""Reads Kokoro v1.0's weights from a dynamically quantised ONNX export, under the names of the official checkpoint.

The export has the same network as the official file, with weights rounded to 8 bits. The weights stay rounded; nothing
else differs. The export has 546 of the network's 688 tensors. It lacks the affines of InstanceNorm, which were folded
away (weight 1, bias 0), and `bert.pooler`, which speech never uses.

Constants are found by following the graph's edges, never by their names: equal constants, mostly zero points, are
stored once and shared by unrelated layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kokoro_wyoming.errors import AssetError, first_line

if TYPE_CHECKING:
    import onnx

Tensor = NDArray[np.float32]
Tensors = dict[str, Tensor]

SECTIONS = ("bert", "bert_encoder", "predictor", "decoder", "text_encoder")
"""The five dicts of the official checkpoint."""

LSTM_GATES = (0, 2, 3, 1)
"""The positions of torch's gates (input, forget, cell, output) in ONNX's order (input, output, forget, cell)."""

_PLAIN = re.compile(r"\.(weight|bias|gamma|beta|alpha[12]\.\d)$")
"""Names of the constants that the export left in float32 under their torch names."""

_SKIPPED = re.compile(r"_\d+$|\.istft\.")
"""Layers to skip. ALBERT's one layer is unrolled twelve times: `query`, `query_1`, ...; the first is enough.
The inverse Fourier transform is a convolution with a fixed basis in the graph."""


class OnnxGraph:
    """A graph's nodes, constants and edges. Every method raises `LookupError` for an unknown name."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.nodes = list(model.graph.node)
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._maker = {output: node for node in self.nodes for output in node.output}
        self._reader = {name: node for node in reversed(self.nodes) for name in node.input}

    def constants(self) -> Iterator[str]:
        yield from self._constants

    def is_constant(self, name: str) -> bool:
        return name in self._constants

    def constant(self, name: str) -> NDArray[Any]:
        from onnx import numpy_helper

        return numpy_helper.to_array(self._constants[name])

    def maker(self, name: str) -> onnx.NodeProto:
        """The node that computes `name`."""
        return self._maker[name]

    def weight_scale(self, node: onnx.NodeProto) -> NDArray[Any]:
        """The scale of an integer layer's weight.

        It is not an input of the layer. The integer sum is cast, and then multiplied by (activation scale * weight
        scale); only the weight scale is a constant.
        """
        name = node.output[0]
        seen = {name}
        while (reader := self._reader[name]).op_type in ("Add", "Cast"):
            name = reader.output[0]
            if name in seen:
                raise LookupError(f"a cycle at {name}")
            seen.add(name)
        (factor,) = (other for other in reader.input if other != name)
        (scale,) = (part for part in self.maker(factor).input if self.is_constant(part))
        return self.constant(scale)


def state_dicts(onnx_file: Path) -> dict[str, Tensors]:
    """The official checkpoint's five dicts, float32, with keys that begin with `module.`.

    `AssetError` unless the tensors are exactly the expected ones.
    """
    import onnx

    try:
        # Other files are not read, even if the graph refers to them.
        tensors = convert(OnnxGraph(onnx.load(onnx_file, load_external_data=False)))
        check(tensors, expected_shapes())
    except AssetError:
        raise
    except Exception as problem:
        raise AssetError(f"{onnx_file} is damaged, or not the ONNX weights ({first_line(problem)})") from problem
    return sectioned(tensors)


def convert(graph: OnnxGraph) -> Tensors:
    """All weights of the graph by their torch names."""
    tensors = {
        name.partition(".")[2]: graph.constant(name)
        for name in graph.constants()
        if name.startswith(("encoder.", "decoder.")) and _PLAIN.search(name)
    }
    for node in graph.nodes:
        layer = layer_name(node.name)
        if node.op_type in _READERS and not _SKIPPED.search(layer):
            for parameter, value in _read(graph, node).items():
                tensors[f"{layer}.{parameter}"] = value
    return {name: np.array(value, dtype=np.float32, order="C") for name, value in tensors.items()}


def _read(graph: OnnxGraph, node: onnx.NodeProto) -> Tensors:
    try:
        return _READERS[node.op_type](graph, node)
    except (LookupError, ValueError) as problem:
        raise AssetError(f"the ONNX weights are not laid out as expected at {node.name} ({problem})") from problem


def layer_name(node_name: str) -> str:
    """The torch name of a node's layer.

    `/decoder/decoder/asr_res/asr_res.0/Conv_quant` is `decoder.asr_res.0`. The exported encoder called the predictor's
    layers directly, so their paths lack its name: `/encoder/F0.1/conv1/Conv_quant` is `predictor.F0.1.conv1`.
    """
    parts = node_name.strip("/").split("/")[1:-1]
    names = [
        name for name, following in zip(parts, [*parts[1:], ""], strict=False) if not following.startswith(f"{name}.")
    ]
    if names and not names[0].startswith(SECTIONS):
        names.insert(0, "predictor")
    return ".".join(names)


def sectioned(tensors: Tensors) -> dict[str, Tensors]:
    """Convert flat names to the official layout: `bert.x` becomes `["bert"]["module.x"]`."""
    sections: dict[str, Tensors] = {section: {} for section in SECTIONS}
    for name, tensor in tensors.items():
        section, _, rest = name.partition(".")
        sections[section][f"module.{rest}"] = tensor
    return sections


def check(tensors: Tensors, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `AssetError` unless the tensors have exactly these names and shapes, and all are finite."""
    found = {name: tensor.shape for name, tensor in tensors.items()}
    wrong = sorted(name for name in found.keys() | shapes.keys() if found.get(name) != shapes.get(name))
    wrong += sorted(name for name, tensor in tensors.items() if not np.isfinite(tensor).all())
    if wrong:
        raise AssetError(f"the ONNX weights do not fit Kokoro v1.0: {len(wrong)} tensors, the first is {wrong[0]}")


@cache
def expected_shapes() -> dict[str, tuple[int, ...]]:
    """The names and shapes of the 546 tensors, from the network that `kokoro` 0.9.4 builds for v1.0's config.json."""
    table = (files(__package__) / "tables" / "v1_0-tensors.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in table[1:])
    return {name: tuple(int(size) for size in shape.split("x")) for name, shape in rows}


def dequantised(quantised: NDArray[Any], zero_point: NDArray[Any], scale: NDArray[Any]) -> Tensor:
    """(q - zero point) * scale in float32; zero point and scale must broadcast against q."""
    value: Tensor = (quantised.astype(np.float32) - zero_point.astype(np.float32)) * scale.astype(np.float32)
    return value


def weight_normed(weight: Tensor) -> Tensors:
    """`weight_v` and `weight_g` of a weight-normed layer; the norm is over all axes but the first.

    A row that was rounded to zeros has no direction, and the layer would divide 0 by 0. Such a row gets the direction
    of ones and the norm 0, which gives the same weights.
    """
    norm = np.sqrt(np.sum(np.square(weight), axis=tuple(range(1, weight.ndim)), keepdims=True))
    return {"weight_g": norm, "weight_v": np.where(norm == 0, np.float32(1), weight)}


def _convolution_weight(name: str, weight: Tensor) -> Tensors:
    # A weight that the export computed (from weight_v and weight_g) has the name of a graph path, which begins with
    # "/". A plain parameter keeps its own name.
    return weight_normed(weight) if name.startswith("/") else {"weight": weight}


def _integer_convolution(graph: OnnxGraph, node: onnx.NodeProto) -> Tensors:
    quantised = graph.constant(node.input[1])
    per_filter = (-1, *[1] * (quantised.ndim - 1))
    zero_point = graph.constant(node.input[3]).reshape(per_filter)
    weight = dequantised(quantised, zero_point, graph.weight_scale(node).reshape(per_filter))
    return _convolution_weight(node.input[1], weight)


def _float_convolution(graph: OnnxGraph, node: onnx.NodeProto) -> Tensors:
    return _convolution_weight(node.input[1], graph.constant(node.input[1]))


def _integer_linear(graph: OnnxGraph, node: onnx.NodeProto) -> Tensors:
    quantised, zero_point = graph.constant(node.input[1]), graph.constant(node.input[3])
    return {"weight": dequantised(quantised, zero_point, graph.weight_scale(node)).T}


def _float_linear(graph: OnnxGraph, node: onnx.NodeProto) -> Tensors:
    name = node.input[1]
    return {"weight": graph.constant(name).T} if graph.is_constant(name) else {}


def _embedding(graph: OnnxGraph, node: onnx.NodeProto) -> Tensors:
    rows = graph.maker(node.input[0]).input[0]
    return {"weight": dequantised(*(graph.constant(name) for name in (rows, node.input[2], node.input[1])))}


def _lstm(graph: OnnxGraph, node: onnx.NodeProto) -> Tensors:
    names = list(node.input)
    inputs = _lstm_matrix(graph, names[1], zero_point=names[9], scale=names[8])
    states = _lstm_matrix(graph, names[2], zero_point=names[11], scale=names[10])
    biases = graph.constant(names[3])
    tensors: Tensors = {}
    for direction, suffix in enumerate(("", "_reverse")[: len(biases)]):
        bias_ih, bias_hh = np.split(biases[direction], 2)
        tensors[f"weight_ih_l0{suffix}"] = torch_gates(inputs[direction].T)
        tensors[f"weight_hh_l0{suffix}"] = torch_gates(states[direction].T)
        tensors[f"bias_ih_l0{suffix}"] = torch_gates(bias_ih)
        tensors[f"bias_hh_l0{suffix}"] = torch_gates(bias_hh)
    return tensors


def _lstm_matrix(graph: OnnxGraph, name: str, *, zero_point: str, scale: str) -> Tensor:
    """float32, shape (directions, inputs, 4 * hidden). Scale and zero point are per direction, or also per column."""
    quantised = graph.constant(name)
    per_direction = (len(quantised), 1, -1)
    zero_points, scales = graph.constant(zero_point), graph.constant(scale)
    return dequantised(quantised, zero_points.reshape(per_direction), scales.reshape(per_direction))


def torch_gates(stacked: Tensor) -> Tensor:
    """Reorder an LSTM's four gates, stacked along the first axis, from ONNX's order to torch's."""
    gates = np.split(stacked, 4)
    return np.concatenate([gates[gate] for gate in LSTM_GATES])


_READERS = {
    "Conv": _float_convolution,
    "ConvTranspose": _float_convolution,
    "ConvInteger": _integer_convolution,
    "MatMul": _float_linear,
    "MatMulInteger": _integer_linear,
    "DequantizeLinear": _embedding,
    "DynamicQuantizeLSTM": _lstm,
}
"""For each kind of node, a function that returns its weights by parameter name."""
