"""Sessions: run a generator on one picture. One interface, one file per back-end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edge_runtime.errors import InputError

if TYPE_CHECKING:  # numpy and OpenCV stay out of `toon-live --help`
    from edge_runtime.pixels import Image, Tensor
    from edge_runtime.spec import ModelSpec

RUNTIMES = ("litert", "tflite-runtime")
DEFAULT_MODEL = Path(__file__).parent / "models" / "anime-64.tflite"


class Session(Protocol):
    """A loaded generator."""

    spec: ModelSpec
    size_px: int
    runtime: str
    """Name and version of the library that runs the model."""

    def to_tensor(self, image: Image) -> Tensor:
        """RGB uint8 (size_px, size_px, 3) to the model's own input tensor; ValueError names a wrong shape."""

    def infer(self, tensor: Tensor) -> Tensor:
        """Run the network: input tensor to output tensor."""

    def to_image(self, tensor: Tensor) -> Image:
        """The output tensor to RGB uint8 (size_px, size_px, 3)."""

    def run(self, image: Image) -> Image:
        """All three: RGB uint8 in, RGB uint8 out."""


def open_session(path: Path = DEFAULT_MODEL, runtime: str = "litert", threads: int = 2) -> Session:
    """Load a model file on the runtime asked for. None is ever put in another's place.

    Raises InputError when the file is not a sound model, or the runtime is not installed.
    """
    if path.suffix == ".tflite":
        from edge_runtime.litert_session import LiteRtSession

        return LiteRtSession(path, runtime, threads)
    raise InputError(f"{path} is not a model file that this runtime opens (.tflite).")
