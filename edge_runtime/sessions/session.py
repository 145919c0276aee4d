"""Sessions: run a generator on one picture. One interface, one file per back-end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from facetoon.edge_runtime.errors import InputError

if TYPE_CHECKING:  # numpy and OpenCV stay out of `toon-live --help`
    from collections.abc import Sequence

    import numpy as np
    from facetoon.edge_runtime.pixels import Image, Tensor
    from facetoon.edge_runtime.spec import ModelSpec
    from numpy.typing import NDArray

RUNTIMES = ("litert", "tflite-runtime", "onnxruntime")
MODELS = Path(__file__).parents[1] / "models"
LIVE_MODELS = (MODELS / "styles-128.tflite", MODELS / "styles-64.tflite")
"""Those for photographs that ship, from which `toon-live tune` chooses."""
DEFAULT_MODEL = LIVE_MODELS[0]


class Session(Protocol):
    """A loaded generator."""

    spec: ModelSpec
    size_px: int
    runtime: str
    """Name and version of the library that runs the model."""
    styles: tuple[str, ...]
    """Names of the styles that `set_style` mixes; empty when the model has one look baked in."""
    style: NDArray[np.float32]
    """The mixing weights in use."""

    def set_style(self, weights: Sequence[float] | NDArray[np.float32]) -> None:
        """From now on mix the trained styles with these weights, one for each of `styles`."""

    def to_tensor(self, image: Image) -> Tensor:
        """RGB uint8 (size_px, size_px, 3) to the model's own input tensor; ValueError names a wrong shape."""

    def infer(self, tensor: Tensor) -> Tensor:
        """Run the network: input tensor to output tensor."""

    def to_image(self, tensor: Tensor) -> Image:
        """The output tensor to RGB uint8 (size_px, size_px, 3)."""

    def run(self, image: Image) -> Image:
        """All three: RGB uint8 in, RGB uint8 out."""


def model_file(text: str) -> Path:
    """A model file by its path, or one that ships by its name, such as styles-64."""
    shipped = MODELS / f"{text}.tflite"
    return shipped if shipped.parent == MODELS and shipped.exists() else Path(text)


def open_session(path: Path = DEFAULT_MODEL, runtime: str | None = None, threads: int = 2) -> Session:
    """Load a model file on the runtime asked for, or on its kind's own: LiteRT for .tflite, ONNX Runtime for .onnx.

    None is ever put in another's place. Raises InputError when the file is not a sound model, the runtime is not
    installed, or it does not run this kind of file.
    """
    own = {".tflite": "litert", ".onnx": "onnxruntime"}.get(path.suffix)
    if own is None:
        raise InputError(f"{path} is not a model file that this runtime opens (.tflite or .onnx).")
    runtime = runtime or own
    if runtime not in RUNTIMES:
        raise InputError(f"There is no runtime {runtime}; choose {', '.join(RUNTIMES[:-1])} or {RUNTIMES[-1]}.")
    if (runtime == "onnxruntime") != (own == "onnxruntime"):
        raise InputError(f"The runtime {runtime} does not run {path.suffix} files such as {path}.")
    if own == "onnxruntime":
        from facetoon.edge_runtime.sessions.onnx_session import OnnxSession

        return OnnxSession(path, threads)
    from facetoon.edge_runtime.sessions.litert_session import LiteRtSession

    return LiteRtSession(path, runtime, threads)
