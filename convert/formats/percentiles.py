"""Ranges of tensors that leave out the outermost values of each picture.

A value that one pixel in thousands reaches widens the range of all others. TensorRT and ONNX Runtime call this
percentile calibration; they take percentiles over all pictures together, which clips a picture unlike the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.onnx_session import open_onnx

LEFT_OUT_PERCENT = 0.01  # at each end
MOST_VALUES = 1 << 14  # of a tensor that are sorted; of more, evenly many are
Spans = dict[str, tuple[float, float]]


def percentile_spans(pictures: Iterable[Iterable[tuple[str, NDArray[Any]]]]) -> Spans:
    """Return the least and greatest percentile of all pictures, by tensor. A picture is its tensors with their names.

    Tensors of other types than float32 are left out.
    """
    spans: Spans = {}
    for tensors in pictures:
        for name, values in tensors:
            if values.dtype == np.float32 and values.size:
                low, high = _span(values)
                least, greatest = spans.get(name, (low, high))
                spans[name] = (min(least, low), max(greatest, high))
    return spans


def _span(values: NDArray[np.float32]) -> tuple[float, float]:
    some = values.ravel()[:: -(-values.size // MOST_VALUES)]
    low, high = np.percentile(some, (LEFT_OUT_PERCENT, 100 - LEFT_OUT_PERCENT))
    return float(low), float(high)


def litert_tensors(model: bytes, feeds: Iterable[dict[str, Tensor]]) -> Iterator[Iterator[tuple[str, NDArray[Any]]]]:
    """Run a float TFLite model on each feed, and yield all of its tensors with their names."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    run = interpreter.get_signature_runner()
    constants = _constants(interpreter)
    for feed in feeds:
        run(**feed)
        yield (
            (details["name"], interpreter.get_tensor(details["index"]))
            for details in interpreter.get_tensor_details()
            if details["index"] not in constants and details["name"]
        )


def _constants(interpreter: Any) -> set[int]:
    """Indices of the tensors that no operator writes, such as weights. Inputs are no constants."""
    written = {int(index) for op in interpreter._get_ops_details() for index in op["outputs"]}
    inputs = {int(details["index"]) for details in interpreter.get_input_details()}
    return {int(details["index"]) for details in interpreter.get_tensor_details()} - written - inputs


def onnx_tensors(model: Any, feeds: Iterable[dict[str, Tensor]]) -> Iterator[Iterator[tuple[str, NDArray[Any]]]]:
    """Run a float ONNX model on each feed, and yield its inputs and all that its nodes give, with their names."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    known = {value.name for value in watched.graph.output}
    names = [name for node in watched.graph.node for name in node.output if name and name not in known]
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session, _ = open_onnx(watched.SerializeToString(), "the model", threads=2)
    outputs = [value.name for value in session.get_outputs()]
    for feed in feeds:
        yield iter([*feed.items(), *zip(outputs, session.run(outputs, feed), strict=True)])
