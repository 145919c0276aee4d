"""Errors of a quantized ONNX network's tensors, by ONNX Runtime's own debugger, and the network with some in float."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from facetoon.convert.debug.operator_errors import Make, OpError
from facetoon.convert.formats.calibration import Sample
from facetoon.convert.formats.to_onnx import Reader, better_ranges, float32, prepare, quantize

PICTURES = 8  # of which every tensor is held in memory, twice


def rank(fixed: Any, calibration: Sample) -> tuple[list[OpError], Make]:
    """Operators of a Keras model made by bake.batch_of_one, worst first; and a function from tensors to a model.

    The function leaves the operators that make those tensors in float, or stores the tensors with 16 bits. Ranges are
    measured as to_onnx measures them.
    """
    prepared = prepare(float32(fixed))
    maker = {name: node for node in prepared.graph.node for name in node.output}
    few = replace(calibration, images=calibration.images[:PICTURES], styles=calibration.styles[:PICTURES])
    average, quantized = better_ranges(prepared, calibration)
    errors = [
        OpError(maker[tensor].op_type, tensor, snr_db)
        for tensor, snr_db in _snrs_db(prepared, quantized, few).items()
        if tensor in maker
    ]

    def make(tensors: list[str], finer: str) -> bytes:
        nodes = [maker[tensor].name for tensor in tensors]
        chosen = {"in_float": nodes} if finer == "float" else {"in_int16": tensors}
        model = quantize(prepared, calibration, average, **chosen)
        return bytes(model.SerializeToString(deterministic=True))

    return sorted(errors, key=lambda error: error.snr_db), make


def _snrs_db(exact: onnx.ModelProto, quantized: onnx.ModelProto, sample: Sample) -> dict[str, float]:
    """Of every quantized tensor: power of the float network's values over that of what differs."""
    from onnxruntime.quantization.qdq_loss_debug import (
        collect_activations,
        create_activation_matching,
        modify_model_output_intermediate_tensors,
    )

    with tempfile.TemporaryDirectory() as name:
        given, watched = Path(name) / "given.onnx", Path(name) / "watched.onnx"

        def values(model: onnx.ModelProto) -> dict[str, list[np.ndarray]]:
            onnx.save(model, given)
            modify_model_output_intermediate_tensors(given, watched)
            return collect_activations(str(watched), iter(Reader(exact, sample).get_next, None))

        matching = create_activation_matching(values(quantized), values(exact))
    found = {}
    for tensor, kinds in matching.items():
        if "float" in kinds:
            right, given_values = (np.concatenate(kinds[kind]) for kind in ("float", "post_qdq"))
            error = np.mean((right - given_values) ** 2) + 1e-12
            found[tensor] = 10 * float(np.log10((np.mean(right**2) + 1e-12) / error))
    return found
