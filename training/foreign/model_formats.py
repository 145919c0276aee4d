"""Opens the formats: .tflite, .onnx, .keras, and SavedModel folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.metadata_reader import metadata_ranges
from facetoon.edge_runtime.model_files.tailed_file import ONNX, is_tflite, read_model_bytes, read_tailed
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.model_trial import check_and_try
from facetoon.edge_runtime.sessions.onnx_session import DTYPES, open_onnx
from facetoon.edge_runtime.spec import ModelSpec
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.foreign.foreign_model import FREE, ForeignModel, Values, one_each, sides
from facetoon.training.foreign.model_parts import external_weights
from facetoon.training.runs.checkpoint import load_generator

GREY = ValueRange((0.0,), (255.0,))
SAVED_MODEL = "saved_model.pb"
THREADS = os.cpu_count() or 1


def open_model(path: Path) -> ForeignModel:
    """Open a file or SavedModel folder. Raises InputError when it is no network of one picture to one other."""
    if (path / SAVED_MODEL).is_file():
        return _open_saved_model(path)
    if path.suffix not in FORMATS:
        kinds = ", ".join(FORMATS)
        raise InputError(f"{path} is no model that can be opened: it takes {kinds} or the folder of a SavedModel.")
    if not path.is_file():
        raise InputError(f"{path} cannot be read: there is no such file.")
    return FORMATS[path.suffix](path)


def _open_tflite(path: Path) -> ForeignModel:
    data = read_model_bytes(path)
    if not is_tflite(data):
        raise InputError(f"{path} is not a TFLite model.")
    check_and_try(data, path, "litert", TRIED_PX)
    opened: dict[int, Any] = {}  # by side, of the last picture only

    def interpreter(size_px: int) -> Any:
        if size_px not in opened:
            opened.clear()
            opened[size_px], _ = open_interpreter(data, str(path), "litert", THREADS, size_px=size_px)
        return opened[size_px]

    any_size = interpreter(TRIED_PX)
    source, target = one_each(path, any_size.get_input_details(), any_size.get_output_details())
    shape = sides(source.get("shape_signature", source["shape"]).tolist())

    def run(values: Values) -> Values:
        network = interpreter(max(values.shape)) if FREE in shape[1:] else any_size
        network.set_tensor(source["index"], _quantized(values, source))
        network.invoke()
        return _dequantized(network.get_tensor(target["index"]), target)

    said = metadata_ranges(data, str(path))
    return ForeignModel(shape, run, (said[0] or _grey(source), said[1] or _grey(target)))


def _quantized(values: Values, details: dict[str, Any]) -> np.ndarray:
    dtype, (scale, zero_point) = np.dtype(details["dtype"]), details["quantization"]
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values / (scale or 1)) + zero_point, limits.min, limits.max).astype(dtype)


def _dequantized(tensor: np.ndarray, details: dict[str, Any]) -> Values:
    scale, zero_point = details["quantization"]  # a scale of 0 means none
    return (tensor.astype(np.float32) - zero_point) * np.float32(scale or 1)


def _grey(details: dict[str, Any]) -> ValueRange | None:
    """Bytes without a scale are grey levels."""
    return GREY if details["dtype"] == np.uint8 and not details["quantization"][0] else None


def _open_onnx(path: Path) -> ForeignModel:
    check_and_try(read_model_bytes(path), path, "onnxruntime", TRIED_PX, external_weights(path))
    session, _ = open_onnx(str(path), str(path), THREADS)
    source, target = one_each(path, session.get_inputs(), session.get_outputs())
    if source.type not in DTYPES:
        raise InputError(f"{path} takes a {source.type}; a picture is one of {', '.join(DTYPES)}.")
    dtype = DTYPES[source.type]

    def run(values: Values) -> Values:
        numbers = np.rint(values) if dtype == np.uint8 else values
        return np.asarray(session.run([target.name], {source.name: numbers.astype(dtype)})[0], np.float32)

    said = tuple(GREY if tensor.type == "tensor(uint8)" else None for tensor in (source, target))
    ours = read_tailed(path)
    if ours:
        low, high = ModelSpec.from_json(ours[1], str(path)).value_range
        said = (ValueRange((low,), (high,)),) * 2
    return ForeignModel(sides(source.shape), run, (said[0], said[1]))


def _open_keras(path: Path) -> ForeignModel:
    model = load_generator(path)
    source, _ = one_each(path, model.inputs or (), model.outputs or ())
    return ForeignModel(
        sides(source.shape), lambda values: np.asarray(model(values, training=False)).astype(np.float32)
    )


def _open_saved_model(path: Path) -> ForeignModel:
    try:
        import tensorflow as tf
    except ModuleNotFoundError:
        raise InputError("A SavedModel needs TensorFlow: pip install 'facetoon[train]' brings it.") from None
    try:
        loaded = tf.saved_model.load(str(path))
        signature = loaded.signatures["serving_default"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is not a SavedModel that can be served: {str(error).splitlines()[0]}") from None
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    (name, spec), (out, _) = one_each(path, list(inputs.items()), list(outputs.items()))

    def run(values: Values) -> Values:
        _ = loaded  # the signature alone does not keep the variables
        return signature(**{name: tf.cast(values, spec.dtype)})[out].numpy().astype(np.float32)

    said = tuple(GREY if tensor.dtype == tf.uint8 else None for tensor in (spec, outputs[out]))
    return ForeignModel(sides(tuple(spec.shape)), run, (said[0], said[1]))


TRIED_PX = 256
"""Side of the first picture that a network of free size sees."""
FORMATS: dict[str, Callable[[Path], ForeignModel]] = {".tflite": _open_tflite, ONNX: _open_onnx, ".keras": _open_keras}
"""The function that opens each kind of file."""
