"""Another project's model as a generator: what its file says, and what the user states, make its spec.

Nothing is guessed. The shapes, the layout and the types come from the file, and the ranges of its values from
TFLITE_METADATA or from tensors of plain bytes. What the file does not say, the user has to state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.model_files import onnx_tail, zip_tail
from facetoon.edge_runtime.model_files.arithmetic import arithmetic_of
from facetoon.edge_runtime.model_files.metadata_reader import metadata_ranges
from facetoon.edge_runtime.model_files.tailed_file import ONNX, is_tflite, read_model_bytes
from facetoon.edge_runtime.model_files.tflite_check import check_tflite
from facetoon.edge_runtime.sessions.base_session import TensorInfo, check_pictures
from facetoon.edge_runtime.sessions.picture_shape import Sides
from facetoon.edge_runtime.spec import ModelSpec
from facetoon.edge_runtime.value_range import EXAMPLES, GREY, ValueRange

Ranges = tuple[ValueRange | None, ValueRange | None]
DIGITS = 4  # of a range: a 1/127.5 that a file rounds to float32 gives -1..0.999998


@dataclass(frozen=True)
class AdoptionFacts:
    """What the user states about another project's model."""

    input_range: ValueRange | None = None
    output_range: ValueRange | None = None
    """None for a float output means the range of a float input."""
    sides_px: Sides | None = None
    """Height and width, for a network of variable size."""
    blue_first: bool = False
    trusts_scales: bool = False
    """An integer tensor's range is the span of its quantization. That is enough for its speed, not for its colours."""


def foreign_bytes(path: Path) -> bytes:
    """Read another project's model file, without an archive at its end, and with the weights that lie beside it.

    Raises InputError when the file cannot be read, is damaged, or carries a facetoon spec.
    """
    model = read_model_bytes(path)
    if path.suffix == ONNX:
        if onnx_tail.split(model) is not None:
            raise InputError(f"{path} carries a facetoon spec already.")
        return _with_weights(path, model)
    if not is_tflite(model):
        raise InputError(f"{path} is not a TFLite model.")
    if zip_tail.split(model) is not None:
        raise InputError(f"{path} carries a facetoon spec already.")
    check_tflite(model, str(path))
    return zip_tail.without_archive(model)


def _with_weights(path: Path, model: bytes) -> bytes:
    """An .onnx model whole: weights in other files are found by the model's own path and taken in."""
    if onnx_tail.EXTERNAL not in model:
        return model
    try:
        import onnx
    except ImportError:
        raise InputError(f"{path} has weights in other files: pip install onnx, which takes them in.") from None
    try:
        whole = onnx.load(str(path))
    except Exception as error:  # the checker's exceptions share no base class
        raise InputError(f"{path} has weights that cannot be read: {str(error).splitlines()[0]}") from None
    return bytes(whole.SerializeToString())


def adopted_spec(
    path: Path, model: bytes, facts: AdoptionFacts, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> ModelSpec:
    """Return the spec of a model with one input and one output.

    Raises InputError when it has more, or when neither the file nor the user says its ranges.
    """
    if (len(inputs), len(outputs)) != (1, 1):
        raise InputError(f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each.")
    said = metadata_ranges(model, str(path)) if is_tflite(model) else (None, None)
    source, target = inputs[0], outputs[0]
    check_pictures(path, source, target)
    value_range = facts.input_range or said[0] or _own_range(source, facts)
    same = value_range if source.is_float and target.is_float else None
    output_range = facts.output_range or said[1] or same or _own_range(target, facts)
    low_high, output_low_high = _pair(path, "input", value_range), _pair(path, "output", output_range)
    return ModelSpec(
        name=path.stem,
        direction="photo to cartoon",
        recipe=arithmetic_of(model),
        framing=Framing(),
        value_range=low_high,
        output_range=None if output_low_high == low_high else output_low_high,
        sides_px=facts.sides_px,
        colour_order="BGR" if facts.blue_first else "RGB",
    )


def _own_range(info: TensorInfo, facts: AdoptionFacts) -> ValueRange | None:
    """The range that a tensor's type says: bytes without a scale are grey levels."""
    if info.is_float or not np.issubdtype(info.dtype, np.integer):
        return None
    if info.dtype == np.uint8 and not info.is_quantized:
        return GREY
    limits = np.iinfo(info.dtype)
    low, high = ((limit - info.zero_point) * info.scale for limit in (limits.min, limits.max))
    return ValueRange((low,), (high,)) if facts.trusts_scales else None


def _pair(path: Path, what: str, values: ValueRange | None) -> tuple[float, float]:
    if values is None:
        raise InputError(
            f"{path} does not say the range of values of its {what}: state it with --range, such as {EXAMPLES}."
        )
    if len({*values.low}) > 1 or len({*values.high}) > 1:
        raise InputError(f"{path} has another range for each channel of its {what}, {values}; it needs one for all.")
    return round(values.low[0], DIGITS), round(values.high[0], DIGITS)
