"""Loads the generator of any kind of run as a teacher, which maps one picture to one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import ops

from facetoon.edge_runtime.errors import InputError
from facetoon.training.runs.checkpoint import load_generator
from facetoon.training.runs.run_directory import RunDirectory


def load_teacher(run: Path, style: str) -> Any:
    """Load the generator of a run or .keras file. If it has several styles, it is fixed to the style `style`.

    The Keras model maps float32 (batch, n, n, 3) in -1..1 to the same, without any matte. Raises InputError when there
    is no generator, or no such style.
    """
    generator = load_generator(run)
    if len(generator.inputs) == 1:
        return generator if generator.output_shape[-1] == 3 else _without_matte(generator.input, generator.output)
    directory = RunDirectory(run if run.is_dir() else run.parent)  # a .keras file lies in its run
    names = directory.styles if directory.exists else ()
    if style not in names:
        choice = f"({', '.join(names)}): name one of them, as --teacher {names[0]}={run}" if names else "without names"
        raise InputError(f"The teacher {run} draws several styles {choice}.")
    image = keras.Input(next(tensor.shape for tensor in generator.inputs if len(tensor.shape) == 4)[1:], name="image")
    mix = [float(name == style) for name in names]
    vector = ops.zeros_like(image[:, 0, 0, :1]) + ops.convert_to_tensor([mix])
    inputs = [image if len(tensor.shape) == 4 else vector for tensor in generator.inputs]
    return _without_matte(image, generator(inputs), f"{generator.name}_{style}")


def _without_matte(image: Any, answer: Any, name: str = "teacher") -> Any:
    return keras.Model(image, answer[..., :3], name=name)
