"""TFLite models through LiteRT (ai_edge_litert) or its predecessor tflite_runtime: the same Interpreter interface."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from edge_runtime import pixels
from edge_runtime.errors import InputError
from edge_runtime.pixels import Image, Tensor
from edge_runtime.spec import read_model

# Runtime by name: (module with Interpreter, distribution that brings it, how to install it).
LIBRARIES = {
    "litert": ("ai_edge_litert.interpreter", "ai-edge-litert", "pip install facetoon"),
    "tflite-runtime": ("tflite_runtime.interpreter", "tflite-runtime", "pip install 'facetoon[tflite-runtime]'"),
}


class LiteRtSession:
    """A generator with one picture in and one picture out, float32 or int8. Not thread-safe: one owner each."""

    def __init__(self, path: Path, runtime: str = "litert", threads: int = 2, xnnpack: bool = True) -> None:
        model, self.spec = read_model(path)
        wanted = f"{self.spec.colour_order} in {self.spec.value_range}"
        if wanted != "RGB in (-1.0, 1.0)":  # what pixels.to_unit gives
            raise InputError(f"{path} wants {wanted}; this facetoon gives RGB in (-1.0, 1.0).")
        self._interpreter, self.runtime = open_interpreter(model, str(path), runtime, threads, xnnpack)
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        shapes = [tuple(map(int, tensor["shape"])) for tensor in (*inputs, *outputs)]
        if len(shapes) != 2 or shapes[0] != shapes[1] or shapes[0][0] != 1 or shapes[0][1] != shapes[0][2]:
            raise InputError(f"{path} maps {shapes}, not one square picture (1, n, n, 3) to another.")
        self.size_px = shapes[0][1]
        self._input, self._output = inputs[0], outputs[0]
        self._encode = pixels.encode_table(self._input["dtype"], *self._input["quantization"])
        is_float = self._output["dtype"]().dtype.kind == "f"
        self._decode = None if is_float else pixels.decode_table(self._output["dtype"], *self._output["quantization"])

    def to_tensor(self, image: Image) -> Tensor:
        """See Session."""
        pixels.check_image(image)
        if image.shape[:2] != (self.size_px, self.size_px):
            raise ValueError(f"image is {image.shape[:2]}, the model wants ({self.size_px}, {self.size_px})")
        return pixels.to_tensor(image, self._encode)

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        self._interpreter.set_tensor(self._input["index"], tensor)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output["index"])

    def to_image(self, tensor: Tensor) -> Image:
        """See Session."""
        return pixels.to_image(tensor, self._decode)

    def run(self, image: Image) -> Image:
        """See Session."""
        return self.to_image(self.infer(self.to_tensor(image)))


def open_interpreter(model: bytes, name: str, runtime: str, threads: int, xnnpack: bool = True) -> tuple[Any, str]:
    """A ready Interpreter for flatbuffer bytes, and "library version"; raises InputError in one sentence.

    Without `xnnpack` TFLite's own kernels run: only benchmarks want to know how slow they are.
    """
    if runtime not in LIBRARIES:
        raise InputError(f"There is no runtime {runtime}; choose {' or '.join(LIBRARIES)}.")
    module, distribution, install = LIBRARIES[runtime]
    try:
        library = importlib.import_module(module)
    except ImportError:
        raise InputError(f"The runtime {runtime} is not installed; {install} brings it.") from None
    try:
        with _quiet_stderr():
            kinds = library.OpResolverType
            kernels = kinds.AUTO if xnnpack else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            interpreter = library.Interpreter(
                model_content=model, num_threads=threads, experimental_op_resolver_type=kernels
            )
            interpreter.allocate_tensors()
    except SystemError as error:  # tflite-runtime was built for NumPy 1 and says so only here
        raise InputError(f"The runtime {runtime} does not work beside this NumPy: {error}.") from None
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{name} is not a model that {runtime} can run: {str(error).splitlines()[0]}") from None
    return interpreter, f"{distribution} {metadata.version(distribution)}"


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hide the C++ side's "Created TensorFlow Lite XNNPACK delegate" line; Python's own stderr is restored after."""
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
