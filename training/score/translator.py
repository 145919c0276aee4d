"""Opens any generator as a function of pictures: a run directory, a .keras file, or a model file as on the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.runtimes import MODEL_SUFFIXES
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.styles import parse_mix, to_vector
from facetoon.training.runs.checkpoint import generator_path, load_generator
from facetoon.training.runs.run_directory import RunDirectory

BATCH = 32


@dataclass(frozen=True)
class Translator:
    """A generator; `draw` maps uint8 RGB pictures (n, size_px, size_px, 3) to cartoons of the same shape."""

    name: str
    size_px: int
    draw: Callable[[pixels.Image], pixels.Image]
    back: Callable[[pixels.Image], pixels.Image] | None = None
    """The reverse direction, if there is one."""


def open_translator(place: Path, direction: str, style: str = "") -> Translator:
    """Open a run directory, .keras, .tflite or .onnx file; `style` is a mix such as "anime:0.6,comic:0.4".

    Raises InputError when it cannot be loaded, when a model with styles gets none, or a model without styles gets one.
    """
    if place.suffix in MODEL_SUFFIXES:
        return _session(place, style)
    model = load_generator(place, direction)
    vector = _style(style, _style_names(place), str(place)) if len(model.inputs) == 2 else None
    if style and vector is None:
        raise InputError(f"{place} has no styles to choose from.")
    reverse = {"ab": "ba", "ba": "ab"}[direction]
    back = None
    if place.is_dir() and (place / f"generator_{reverse}.keras").is_file():
        back = _keras(load_generator(generator_path(place, reverse)), None)
    return Translator(str(place), model.inputs[0].shape[1], _keras(model, vector), back)


def _keras(model: Any, style: np.ndarray | None) -> Callable[[pixels.Image], pixels.Image]:
    def draw(images: pixels.Image) -> pixels.Image:
        parts = []
        for start in range(0, len(images), BATCH):
            part = pixels.to_unit(images[start : start + BATCH])
            inputs = part if style is None else [part, np.tile(style, (len(part), 1))]
            parts.append(pixels.from_unit(np.asarray(model(inputs, training=False))[..., :3]))  # without a matte
        return np.concatenate(parts)

    return draw


def _session(place: Path, style: str) -> Translator:
    session = open_session(place)
    if session.styles:
        session.set_style(_style(style, session.styles, str(place)))
    elif style:
        raise InputError(f"{place} has no styles to choose from.")
    return Translator(str(place), session.size_px, lambda images: np.stack([session.run(image) for image in images]))


def _style_names(place: Path) -> tuple[str, ...]:
    run = RunDirectory(place if place.is_dir() else place.parent)  # a .keras file lies in its run
    return run.styles if run.exists else ()


def _style(style: str, names: tuple[str, ...], place: str) -> np.ndarray:
    if not style:
        raise InputError(f"{place} draws several styles ({', '.join(names)}): choose one with --style.")
    return to_vector(parse_mix(style, names), names)[0]
