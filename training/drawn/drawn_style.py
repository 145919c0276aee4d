"""Loads a style by name or from a user's file, and checks that its drawings have the photograph's shape and dtype."""

from __future__ import annotations

import hashlib
import importlib.util
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.training.drawn.landmarks import Points
from facetoon.training.drawn.style_names import NAMES
from facetoon.training.drawn.style_programs import SHAPES, STYLES
from facetoon.training.drawn.warp import Shape

FUNCTION = "draw"
"""What a user's file calls its style."""
SHAPE = "SHAPE"
"""What a user's file may call the `Shape` in which its style redraws faces."""


@dataclass(frozen=True)
class DrawnStyle:
    """A named drawing function; small, so that each process loads its own from `origin`."""

    name: str
    origin: str
    """The argument of `load_style`."""
    digest: str
    """SHA-256 of the code: another digest may draw other pictures."""
    function: Callable[[Image, Points], Any]
    shape: Shape | None
    """How the style redraws a face: the matte of a head moves with it. None where a user's file does not say."""

    def draw(self, photo: Image, landmarks: Points) -> Image:
        """The drawing of an RGB photograph, uint8 (height, width, 3), with its landmarks (468, 2) in pixels.

        RGB uint8 of the same shape. Raises InputError when a user's style fails or returns anything else.
        """
        try:
            drawing = self.function(photo.copy(), landmarks.copy())
        except Exception as error:
            if self.origin in NAMES:
                raise
            raise InputError(
                f"The style {self.origin} fails{_line(error, self.origin)}: {_half_sentence(error)}"
            ) from None
        if not isinstance(drawing, np.ndarray):
            raise InputError(
                f"The style {self.origin} returned {type(drawing).__name__}, "
                f"not an array of uint8 and shape {photo.shape} as the photograph."
            )
        if drawing.dtype != np.uint8 or drawing.shape != photo.shape:
            raise InputError(
                f"The style {self.origin} returned {drawing.dtype} of shape {drawing.shape}, "
                f"not uint8 of shape {photo.shape} as the photograph."
            )
        return drawing


def load_style(name_or_file: str) -> DrawnStyle:
    """A style of the kit by its name, or the function `draw(photo, landmarks)` of a user's .py file.

    Raises InputError when there is no such style, or the file cannot be read, does not run or has no such function.
    """
    if name_or_file in NAMES:
        return DrawnStyle(name_or_file, name_or_file, _package_digest(), STYLES[name_or_file], SHAPES[name_or_file])
    path = Path(name_or_file)
    if path.suffix != ".py":
        raise InputError(f"There is no style {name_or_file}; choose {', '.join(NAMES)}, or name a .py file.")
    try:
        code = path.read_bytes()
    except OSError as error:
        raise InputError(f"The style {path} cannot be read: {error.strerror}.") from None
    module = _run(path)
    function = getattr(module, FUNCTION, None)
    if not callable(function):
        raise InputError(f"The style {path} has no function {FUNCTION}(photo, landmarks).")
    shape = getattr(module, SHAPE, None)
    if not isinstance(shape, Shape | None):
        raise InputError(f"The style {path} has a {SHAPE} that is no facetoon.training.drawn.warp.Shape.")
    return DrawnStyle(path.stem.lower(), name_or_file, hashlib.sha256(code).hexdigest(), function, shape)


def _run(path: Path) -> ModuleType:
    """A user's file as a module of its own."""
    spec = importlib.util.spec_from_file_location(f"drawn_style_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"The style {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"The style {path} does not load{_line(error, str(path))}: {_half_sentence(error)}") from None
    return module


def _line(error: Exception, origin: str) -> str:
    """The last line of the user's own file on the way to an error."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f" in line {error.lineno}"
    own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == Path(origin)]
    own = own or [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == Path(origin).name
    ]
    return f" in line {own[-1]}" if own else ""


def _half_sentence(error: Exception) -> str:
    """An error in half a sentence."""
    text = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."


def _package_digest() -> str:
    """Over the code of this package: what a style draws depends on all of its helpers."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
