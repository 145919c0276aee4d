"""Ranks the tensors of an int8 ONNX network by error, with ONNX Runtime's debugger, and makes some of them finer."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from facetoon.convert.debug.ranking import MakeFiner, OperatorError, snr_db, worst_first
from facetoon.convert.formats.to_onnx import CalibrationReader, measured, prepared, quantize
from facetoon.convert.sources.samples import Sample

PICTURES = 8  # memory holds all their tensors, twice


def rank_onnx(fixed: Any, calibration: Sample, kind: str) -> tuple[list[OperatorError], MakeFiner]:
    """Rank the operators of a Keras model from bake.batch_of_one, worst first; also return a MakeFiner for them.

    "float" puts the operator into float, "int16" its output tensor into 16 bits. `kind` is one of ONNX_RANGES.
    """
    exact = prepared(fixed)
    maker = {name: node for node in exact.graph.node for name in node.output}
    few = replace(calibration, images=calibration.images[:PICTURES], styles=calibration.styles[:PICTURES])
    ranges = measured(kind, exact, calibration)
    quantized = quantize(exact, calibration, ranges)
    errors = [
        OperatorError(maker[tensor].op_type, tensor, ratio_db)
        for tensor, ratio_db in _snrs_db(exact, quantized, few).items()
        if tensor in maker
    ]

    def make_finer(tensors: list[str], finer: str) -> bytes:
        nodes = [maker[tensor].name for tensor in tensors]
        chosen = {"in_float": nodes} if finer == "float" else {"in_int16": tensors}
        model = quantize(exact, calibration, ranges, **chosen)
        return bytes(model.SerializeToString(deterministic=True))

    return worst_first(errors), make_finer


def _snrs_db(exact: onnx.ModelProto, quantized: onnx.ModelProto, sample: Sample) -> dict[str, float]:
    """Signal over error in dB of every quantized tensor, by tensor name."""
    from onnxruntime.quantization.qdq_loss_debug import (
        collect_activations,
        create_activation_matching,
        modify_model_output_intermediate_tensors,
    )

    with tempfile.TemporaryDirectory() as folder:
        plain, watched = Path(folder) / "plain.onnx", Path(folder) / "watched.onnx"

        def activations(model: onnx.ModelProto) -> dict[str, list[np.ndarray]]:
            onnx.save(model, plain)
            modify_model_output_intermediate_tensors(plain, watched)
            return collect_activations(str(watched), iter(CalibrationReader(exact, sample).get_next, None))

        matching = create_activation_matching(activations(quantized), activations(exact))
    return {
        tensor: snr_db(np.concatenate(values["float"]), np.concatenate(values["post_qdq"]))
        for tensor, values in matching.items()
        if "float" in values
    }
