"""Opens other projects' generators as Keras models of one fixed size, with pictures of -1..1 and channels last."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from facetoon.convert.sources.exported_onnx import EXPORTED, SCRIPTED, from_tflite, from_torch
from facetoon.convert.sources.onnx_to_keras import as_keras, load_onnx
from facetoon.convert.sources.source_facts import SourceFacts
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import ONNX, TFLITE
from facetoon.edge_runtime.sessions.picture_shape import one_picture
from facetoon.edge_runtime.value_range import EXAMPLES, UNIT, ValueRange
from facetoon.training.foreign.foreign_teacher import is_foreign
from facetoon.training.foreign.model_formats import SAVED_MODEL, open_model
from facetoon.training.runs.checkpoint import load_generator

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
KINDS = ".keras, .h5, .onnx, .pt2, .pt, a float .tflite or the folder of a SavedModel"


def is_model(place: Path) -> bool:
    """Whether a source is a model, not a run directory."""
    return place.is_file() or place.suffix in (".keras", ".h5", ONNX) or (place / SAVED_MODEL).is_file()


def open_foreign(place: Path, facts: SourceFacts) -> Any:
    """Return a Keras model: (batch, h, w, 3) in -1..1 to a picture of the same kind.

    Raises InputError when the file is of another kind or cannot be loaded, and when nobody states what it does not say:
    its ranges, its size or which output is the picture.
    """
    model = _load(place, facts)
    ranges = facts.ranges or _said_ranges(place)
    if ranges is None:
        raise InputError(f"{place} does not say the range of its values: state it with --range, such as {EXAMPLES}.")
    if len(model.inputs) > 1:  # perhaps a style
        return model
    return _in_unit_range(place, model, ranges, facts)


def _said_ranges(place: Path) -> tuple[ValueRange, ValueRange] | None:
    """The ranges by the file's own words: TFLITE_METADATA, or the layers of this kit."""
    if place.suffix == ".keras" and not is_foreign(place):
        return UNIT, UNIT
    source, target = open_model(place).said if place.suffix == TFLITE else (None, None)
    return (source, target) if source and target else None


def _load(place: Path, facts: SourceFacts) -> Any:
    if (place / SAVED_MODEL).is_file():
        return _load_saved_model(place, facts)
    if not place.is_file():
        raise InputError(f"{place} does not exist.")
    if place.suffix == ONNX:
        return load_onnx(place, facts.sides_px, facts.output)
    if place.suffix == TFLITE:
        model, source = from_tflite(place)
        return as_keras(model, place, facts.sides_px, facts.output, source)
    if place.suffix in (EXPORTED, *SCRIPTED):
        model, source = from_torch(place, facts.sides_px)
        return as_keras(model, place, facts.sides_px, facts.output, source)
    if place.suffix not in (".keras", ".h5"):
        raise InputError(f"{place} is no model that can be converted: it takes a run directory, {KINDS}.")
    return _load_keras(place, facts)


def _load_keras(place: Path, facts: SourceFacts) -> Any:
    is_hdf5 = place.read_bytes()[: len(HDF5_MAGIC)] == HDF5_MAGIC
    if is_hdf5 and place.suffix == ".keras":
        raise InputError(f"{place} is an HDF5 file under the name .keras: rename it to {place.stem}.h5.")
    if not is_hdf5 and place.suffix == ".h5":
        raise InputError(f"{place} is no HDF5 file, whatever its name says.")
    with keras.saving.custom_object_scope(_custom_objects(facts.custom)):
        model = _load_hdf5(place) if is_hdf5 else load_generator(place)
    types = {layer.compute_dtype for layer in model._flatten_layers() if layer.variables}
    if half := types & {"float16", "bfloat16"}:
        raise InputError(f"{place} has layers of {half.pop()} computing: save it with the policy float32.")
    return model


def _load_hdf5(place: Path) -> Any:
    try:
        return keras.saving.load_model(place, compile=False)
    except (ValueError, TypeError, OSError, AttributeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{place} is not a Keras model that can be loaded: {reason}") from None


def _custom_objects(module: Path | None) -> dict[str, Any]:
    """Every class and function of a Python file, by name."""
    if module is None:
        return {}
    spec = importlib.util.spec_from_file_location(module.stem, module)
    if spec is None or spec.loader is None or not module.is_file():
        raise InputError(f"--custom {module} is no Python file.")
    loaded = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(loaded)
    except Exception as error:  # the file is the user's own program
        raise InputError(f"--custom {module} cannot be run: {type(error).__name__}: {error}") from error
    members = inspect.getmembers(loaded, lambda x: inspect.isclass(x) or inspect.isfunction(x))
    return {name: value for name, value in members if value.__module__ == module.stem}


def _load_saved_model(place: Path, facts: SourceFacts) -> Any:
    """A Keras model around a SavedModel's serving signature."""
    import tensorflow as tf

    try:
        signature = tf.saved_model.load(str(place)).signatures["serving_default"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{place} is not a SavedModel that can be served: {str(error).splitlines()[0]}") from None
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    if len(inputs) != 1:
        raise InputError(f"The SavedModel {place} has {len(inputs)} inputs; it must map one picture to one other.")
    name = facts.output or next(iter(outputs))
    if name not in outputs or (len(outputs) > 1 and not facts.output):
        raise InputError(f"{place} has {len(outputs)} outputs: choose one with --output: {', '.join(outputs)}.")
    ((source, spec),) = inputs.items()
    image = keras.Input(one_picture(spec.shape, facts.sides_px)[1:], batch_size=spec.shape[0], name=source)
    layer = keras.layers.TFSMLayer(str(place), call_endpoint="serving_default")
    return keras.Model(image, layer(image)[name], name="saved_model")


def _in_unit_range(place: Path, model: Any, ranges: tuple[ValueRange, ValueRange], facts: SourceFacts) -> Any:
    """Wrap the model where its size, layout or ranges are not those that every later step works with."""
    batch, *sides = model.inputs[0].shape
    output = _chosen(place, model, facts.output)
    is_first = facts.layout == "first" or (not facts.layout and len(sides) == 3 and sides[0] == 3 != sides[-1])
    is_plain = not is_first and None not in sides and ranges == (UNIT, UNIT) and len(model.outputs) == 1
    if is_plain or len(sides) != 3:
        return model
    own = sides[1:] if is_first else sides[:2]
    free = [side or stated for side, stated in zip(own, facts.sides_px or (None, None), strict=True)]
    if None in free:
        raise InputError(f"{place} takes pictures of any size: its shapes are dynamic. State one with --size, as 256.")
    image = keras.Input((*free, 3), batch_size=batch, name="image")
    low, high = _ends(ranges[0])
    values = (image + 1) * ((high - low) / 2) + low if ranges[0] != UNIT else image
    values = model(ops.transpose(values, (0, 3, 1, 2)) if is_first else values)
    drawn = values[output] if isinstance(values, (list, tuple)) else values
    drawn = ops.transpose(drawn, (0, 2, 3, 1)) if is_first else drawn
    low, high = _ends(ranges[1])
    return keras.Model(image, (drawn - low) * (2 / (high - low)) - 1 if ranges[1] != UNIT else drawn, name=model.name)


def _chosen(place: Path, model: Any, name: str) -> int:
    names = list(model.output_names) if model.outputs else []
    if len(names) <= 1:
        return 0
    if name not in names:
        raise InputError(f"{place} has {len(names)} outputs: choose one with --output: {', '.join(names)}.")
    return names.index(name)


def _ends(values: ValueRange) -> tuple[Any, Any]:
    return np.array(values.low, np.float32), np.array(values.high, np.float32)
