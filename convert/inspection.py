"""The card of a model file, ours or another tool's: inputs and outputs, operators, scores."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.convert.formats.quantization import ONNX, TFLITE
from facetoon.convert.judge.delegation import delegation, describe_delegation
from facetoon.convert.targets.placement import Placement
from facetoon.convert.targets.targets import place
from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.model_files import onnx_tail, zip_tail
from facetoon.edge_runtime.model_files.metadata_reader import read_metadata
from facetoon.edge_runtime.model_files.tailed_file import is_tflite, read_model_bytes
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.model_trial import check_and_try
from facetoon.edge_runtime.sessions.onnx_session import open_onnx
from facetoon.edge_runtime.spec import ModelSpec, read_model

# Index of the weights among the inputs of TFLite operators that multiply.
TFLITE_WEIGHTS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1}


@dataclass(frozen=True)
class Card:
    """The facts that `toon-convert inspect` prints."""

    file: str
    bytes: int
    inputs: list[str]
    outputs: list[str]
    operators: dict[str, int]
    macs: int | None
    """Multiply-accumulates of one picture in convolutions and dense layers; None where shapes are dynamic."""
    delegation: dict[str, Any]
    spec: ModelSpec | None
    """None for another tool's file."""
    opsets: dict[str, int] = field(default_factory=dict)
    """Opset versions of an .onnx file, by domain."""
    metadata: dict[str, str] = field(default_factory=dict)
    """TFLITE_METADATA of any tool's .tflite."""

    def to_text(self) -> str:
        """Return the card as text for a person."""
        operators = ", ".join(f"{count} x {name}" for name, count in self.operators.items())
        macs = "unknown (dynamic shapes)" if self.macs is None else f"{self.macs / 1e6:.1f} million"
        lines = [
            f"{self.file}: {self.bytes / 1000:.1f} kB",
            *(f"  in   {text}" for text in self.inputs),
            *(f"  out  {text}" for text in self.outputs),
            f"  operators: {operators}",
            f"  multiply-accumulates: {macs}",
        ]
        if self.opsets:
            lines.append(f"  opset: {', '.join(f'{name} {version}' for name, version in self.opsets.items())}")
        if self.delegation:
            lines.append(f"  {describe_delegation(self.delegation)}")
        if self.spec is None:
            lines += [f"  {key}: {json.dumps(value)}" for key, value in self.metadata.items()]
            return "\n".join([*lines, "  no facetoon spec: another tool's file", ""])
        spec = dataclasses.asdict(self.spec)
        lines += [f"  {key}: {json.dumps(value)}" for key, value in spec.items() if value not in ("", (), {}, [])]
        return "\n".join(lines) + "\n"


def inspect(path: Path) -> Card:
    """Return the card of a .tflite or .onnx file; raise InputError for other files and for damaged ones of this kit."""
    data = read_model_bytes(path)
    if path.suffix == ONNX:
        ours = onnx_tail.split(data) is not None
    elif path.suffix == TFLITE and is_tflite(data):
        ours = zip_tail.split(data) is not None
    else:
        raise InputError(f"{path} is neither a TFLite nor an ONNX model.")
    model, spec = read_model(path) if ours else (data, None)
    facts = (_onnx if path.suffix == ONNX else _tflite)(model, path)
    return Card(file=str(path), bytes=len(data), spec=spec, **facts)


def placement(path: Path, target: str) -> Placement:
    """Place the operators of a .tflite file on a target of target_names.TARGETS; raise InputError for an .onnx file."""
    if path.suffix != TFLITE:
        raise InputError(f"{path} is no .tflite: --target {target} places only operators of TFLite.")
    return place(read_model_bytes(path), target, str(path))


def _tflite(model: bytes, path: Path) -> dict[str, Any]:
    check_and_try(model, path, "litert")
    interpreter, _ = open_interpreter(model, str(path), "litert", threads=1)
    operators = [op for op in interpreter._get_ops_details() if op["op_name"] != "DELEGATE"]
    shapes = {int(t["index"]): tuple(map(int, t["shape"])) for t in interpreter.get_tensor_details()}
    return {
        "inputs": [_tensor_text(details) for details in interpreter.get_input_details()],
        "outputs": [_tensor_text(details) for details in interpreter.get_output_details()],
        "operators": dict(Counter(shown(op["op_name"]) for op in operators).most_common()),
        "macs": sum(_tflite_macs(op, shapes) for op in operators),
        "delegation": delegation(model, str(path)),
        "metadata": read_metadata(model, str(path)),
    }


def _tensor_text(details: dict[str, Any]) -> str:
    text = f"{shown(details['name'])} {tuple(map(int, details['shape']))} {np.dtype(details['dtype']).name}"
    scale, zero_point = details["quantization"]
    return f"{text}, scale {scale:.6g}, zero point {zero_point}" if scale else text


def _tflite_macs(op: dict[str, Any], shapes: dict[int, tuple[int, ...]]) -> int:
    kind = op["op_name"]
    if kind not in TFLITE_WEIGHTS:
        return 0
    weights = shapes[int(op["inputs"][TFLITE_WEIGHTS[kind]])]
    image, output = shapes[int(op["inputs"][2 if kind == "TRANSPOSE_CONV" else 0])], shapes[int(op["outputs"][0])]
    if kind == "DEPTHWISE_CONV_2D":
        return int(np.prod(output)) * weights[1] * weights[2]
    if kind == "TRANSPOSE_CONV":  # every input value is multiplied by every weight of its channel
        return int(np.prod(image[:3])) * int(np.prod(weights))
    return int(np.prod(output)) * int(np.prod(weights[1:]))


def _onnx(model: bytes, path: Path) -> dict[str, Any]:
    import onnx

    check_and_try(model, path, "onnxruntime")
    session, _ = open_onnx(model, str(path), threads=1)
    network = onnx.load_from_string(model)
    graph = onnx.shape_inference.infer_shapes(network).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    shapes = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in values}
    shapes |= {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    macs = [_onnx_macs(node, shapes) for node in graph.node]
    return {
        "inputs": list(map(_argument_text, session.get_inputs())),
        "outputs": list(map(_argument_text, session.get_outputs())),
        "operators": dict(Counter(shown(node.op_type) for node in graph.node).most_common()),
        "opsets": {shown(entry.domain or "ai.onnx"): entry.version for entry in network.opset_import},
        "macs": None if None in macs else sum(filter(None, macs)),
        "delegation": {},
    }


def _argument_text(argument: Any) -> str:
    return shown(f"{argument.name} {tuple(argument.shape)} {argument.type}")


def _onnx_macs(node: Any, shapes: dict[str, tuple[int, ...]]) -> int | None:
    """Multiply-accumulates of a node: 0 for operators without weights, None where a shape is unknown."""
    if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return 0
    image, weights, output = (shapes.get(name, ()) for name in (*node.input[:2], node.output[0]))
    if not (image and weights and output and all(image) and all(output)):
        return None
    if node.op_type == "ConvTranspose":
        return int(np.prod(image)) * int(np.prod(weights[1:]))
    # A convolution's weights are (out, in of the group, ...); a matrix product sums over the last axis of its input.
    return int(np.prod(output)) * (int(np.prod(weights[1:])) if node.op_type == "Conv" else image[-1])
