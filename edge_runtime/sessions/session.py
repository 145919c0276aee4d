"""The interface of every session, the shipped model files, and `open_session`, which opens any model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import GENERATOR, kind_of
from facetoon.edge_runtime.sessions.runtimes import MODEL_SUFFIXES, choose_runtime

if TYPE_CHECKING:  # numpy and OpenCV stay out of `toon-live --help`
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from facetoon.edge_runtime.pixels import Image, Mask, Tensor
    from facetoon.edge_runtime.sessions.adoption import AdoptionFacts
    from facetoon.edge_runtime.spec import ModelSpec

MODELS = Path(__file__).parents[1] / "models"
LIVE_MODELS = tuple(MODELS / f"styles-{size_px}.tflite" for size_px in (256, 128, 64))
"""The shipped models for photographs, from which `toon-live tune` chooses; the largest is the default."""
DEFAULT_MODEL = LIVE_MODELS[0]


class Session(Protocol):
    """A loaded generator."""

    spec: ModelSpec
    size_px: int
    runtime: str
    """Name and version of the library that runs the model, such as "ai-edge-litert 2.1.0"."""
    styles: tuple[str, ...]
    """Names of the styles that `set_style` mixes; empty when the model has a single look."""
    style: NDArray[np.float32]
    """The mixing weights in use, float32 (len(styles),)."""

    def set_style(self, weights: Sequence[float] | NDArray[np.float32]) -> None:
        """Mix the trained styles with these weights, float32 (len(styles),), from now on."""

    def to_tensor(self, image: Image) -> Tensor:
        """Convert RGB uint8 (size_px, size_px, 3) to the input tensor. Raises ValueError that names a wrong shape."""

    def infer(self, tensor: Tensor) -> Tensor:
        """Run the network: input tensor to output tensor."""

    def to_image(self, tensor: Tensor) -> Image:
        """Convert the output tensor to RGB uint8 (size_px, size_px, 3)."""

    def values(self, tensor: Tensor) -> NDArray[np.float32]:
        """Convert the output tensor to real numbers of its shape, in the spec's range of the output."""

    def to_matte(self, tensor: Tensor) -> Mask:
        """Convert the output tensor to the head's shares of the cartoon, uint8 (size_px, size_px): 255 inside.

        Only for a model whose spec says that it has a matte.
        """

    def run(self, image: Image) -> Image:
        """Do all three steps: RGB uint8 (size_px, size_px, 3) to a picture of the same kind."""


def model_file(text: str) -> Path:
    """Return the path of a model file; `text` is the path, or the name of a shipped file, such as styles-64."""
    return next((path for path in MODELS.glob("*.tflite") if path.stem == text), Path(text))


def shipped_generators() -> list[Path]:
    """List every shipped generator, by name; the specs in the files distinguish them from the face tracker."""
    files = (path for path in MODELS.iterdir() if path.suffix in MODEL_SUFFIXES)
    return sorted(path for path in files if kind_of(path) == GENERATOR)


def open_session(
    path: Path = DEFAULT_MODEL,
    runtime: str | None = None,
    threads: int = 2,
    xnnpack: bool = True,
    facts: AdoptionFacts | None = None,
) -> Session:
    """Load a model file on the runtime `runtime`, or on the default for its suffix.

    `xnnpack` False switches XNNPACK off where the runtime has it. `facts` open another project's file. Raises
    InputError when the file is not a sound model, or the runtime is not installed or does not run this kind of file.
    No runtime ever replaces another.
    """
    if not path.exists():
        names = ", ".join(shipped.stem for shipped in shipped_generators())
        raise InputError(f"The model {path} does not exist: name a file, or one that is shipped ({names}).")
    chosen = choose_runtime(str(path), path.suffix, runtime)
    session: Session = chosen.session_class()(path, chosen.name, threads, xnnpack, facts)
    return session
