"""The child process of model_trial: loads a model or detector from standard input, computes one frame, and ends.

Status 0 means that it passed. Else standard output holds the runtime's own reason, if it gave one.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from facetoon.edge_runtime.sessions.runtimes import RUNTIMES

REFUSED = 3
DTYPES = {"float": "float32", "double": "float64"}
"""Names of ONNX that NumPy has another name for."""


def main(argv: list[str]) -> int:
    """`argv`: most processor seconds, most bytes of memory, a key of TRIALS, and the words that the trial takes."""
    most_cpu_s, most_bytes, kind, *words = argv
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(most_cpu_s), int(most_cpu_s) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (int(most_bytes), int(most_bytes)))
    try:
        TRIALS[kind](sys.stdin.buffer.read(), *words)
    except MemoryError:
        return 1
    except Exception as error:
        sys.stdout.write(str(error) or type(error).__name__)
        return REFUSED
    return 0


def _try_model(model: bytes, runtime: str, size_px: str, path: str = "") -> None:
    library = RUNTIMES[runtime].load()
    if RUNTIMES[runtime].suffix == ".tflite":
        _try_tflite(library, model, int(size_px))
    else:
        _try_onnx(library, path or model, int(size_px))


def _try_tflite(library: Any, model: bytes, size_px: int) -> None:
    interpreter = library.Interpreter(model_content=model, num_threads=1)
    for details in interpreter.get_input_details():
        batch, *sides = details.get("shape_signature", details["shape"]) if len(details["shape"]) else [1]
        if -1 in sides:
            shape = [max(int(batch), 1), *(size_px if side == -1 else int(side) for side in sides)]
            interpreter.resize_tensor_input(details["index"], shape)
    interpreter.allocate_tensors()
    interpreter.invoke()  # of a frame of zeros
    for details in interpreter.get_output_details():
        interpreter.get_tensor(details["index"])


def _try_onnx(library: Any, model: bytes | str, size_px: int) -> None:
    import numpy as np  # the runtime has imported it already

    options = library.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = library.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {}
    for argument in session.get_inputs():
        batch, *sides = argument.shape or [1]
        if len(sides) == 3 and not any(isinstance(side, int) for side in sides):
            sides[0] = 3
        shape = [batch if isinstance(batch, int) else 1, *(s if isinstance(s, int) else size_px for s in sides)]
        feeds[argument.name] = np.zeros(shape, _dtype(argument.type))
    session.run(None, feeds)


def _dtype(kind: str) -> str:
    """Return NumPy's name for ONNX's "tensor(float)"."""
    name = kind.removeprefix("tensor(").removesuffix(")")
    return DTYPES.get(name, name)


def _try_cascade(cascade: bytes) -> None:
    import cv2
    import numpy as np

    with tempfile.NamedTemporaryFile(suffix=".xml") as file:  # an old cascade is read by its path alone
        file.write(cascade)
        file.flush()
        classifier = cv2.CascadeClassifier(file.name)
    if classifier.empty():
        raise ValueError("it holds none")
    grey = np.add.outer(np.arange(240), 7 * np.arange(320)).astype(np.uint8)
    classifier.detectMultiScale(grey, 1.1, 5, minSize=(16, 16))


def _try_yunet(model: bytes) -> None:
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    side_px = 320
    net = cv2.FaceDetectorYN.create("onnx", np.frombuffer(model, np.uint8), np.empty(0, np.uint8), (side_px, side_px))
    net.detect(np.zeros((side_px, side_px, 3), np.uint8))


TRIALS: dict[str, Callable[..., None]] = {"model": _try_model, "cascade": _try_cascade, "YuNet": _try_yunet}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
