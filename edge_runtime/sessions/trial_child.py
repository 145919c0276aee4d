"""The child process of model_trial: loads a model from standard input, computes one frame, and ends.

Status 0 means that it passed. Else standard output holds the runtime's own reason, if it gave one.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from typing import Any

from facetoon.edge_runtime.sessions.picture_shape import Sides, one_picture
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES

REFUSED = 3
USUAL_PX = 64  # of a picture of variable size: many networks halve it five times
DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8", "tensor(int8)": "int8"}


def main(argv: list[str]) -> int:
    """`argv`: most processor seconds, most bytes of memory, "model", runtime, HEIGHTxWIDTH in px or nothing."""
    most_cpu_s, most_bytes, _, runtime, size = argv
    height, times, width = size.partition("x")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(most_cpu_s), int(most_cpu_s) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (int(most_bytes), int(most_bytes)))
    try:
        model = sys.stdin.buffer.read()
        TRIALS[RUNTIMES[runtime].suffix](RUNTIMES[runtime].load(), model, (int(height), int(width)) if times else None)
    except MemoryError:
        return 1
    except Exception as error:
        sys.stdout.write(str(error) or type(error).__name__)
        return REFUSED
    return 0


def _try_tflite(library: Any, model: bytes, sides_px: Sides | None) -> None:
    interpreter = library.Interpreter(model_content=model, num_threads=1)
    for details in interpreter.get_input_details():
        signature = [int(size) for size in details.get("shape_signature", details["shape"])]
        shape = one_picture(signature, sides_px, USUAL_PX)
        if shape != tuple(details["shape"]):
            interpreter.resize_tensor_input(details["index"], shape)
    interpreter.allocate_tensors()
    interpreter.invoke()  # of a frame of zeros
    for details in interpreter.get_output_details():
        interpreter.get_tensor(details["index"])


def _try_onnx(library: Any, model: bytes, sides_px: Sides | None) -> None:
    import numpy as np  # the runtime has imported it already

    options = library.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = library.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {}
    for argument in session.get_inputs():
        shape = one_picture(argument.shape, sides_px, USUAL_PX)
        feeds[argument.name] = np.zeros(shape, DTYPES.get(argument.type, "float32"))
    session.run(None, feeds)


TRIALS: dict[str, Callable[[Any, bytes, Sides | None], None]] = {".tflite": _try_tflite, ".onnx": _try_onnx}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
