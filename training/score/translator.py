"""Opens any generator as a function of pictures: a run directory, a .keras file, or a model file, ours or foreign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import kind_of
from facetoon.edge_runtime.sessions.runtimes import MODEL_SUFFIXES
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.styles import parse_mix, to_vector
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.foreign.foreign_generator import open_generator
from facetoon.training.foreign.foreign_teacher import DRAWS_AT_PX, is_foreign
from facetoon.training.runs.checkpoint import generator_path, load_generator
from facetoon.training.runs.run_directory import RunDirectory

BATCH = 32
Draw = Callable[[pixels.Image], pixels.Image]


@dataclass(frozen=True)
class Translator:
    """A generator; `draw` maps uint8 RGB pictures (n, size_px, size_px, 3) to cartoons of the same shape."""

    name: str
    size_px: int
    draw: Draw
    back: Draw | None = None
    """The reverse direction, if there is one."""


Ranges = tuple[ValueRange, ValueRange]
"""Of input and output."""


@dataclass(frozen=True)
class ForeignFacts:
    """What another project's file may not say of itself."""

    ranges: Ranges | None = None
    side_px: int = DRAWS_AT_PX
    """The side of its pictures where it takes any."""
    blue_first: bool = False
    """Its colours are blue, green, red, in pictures and drawings, as OpenCV reads them."""


def open_translators(
    place: Path, direction: str = "ab", style: str = "", foreign: ForeignFacts | None = None
) -> list[Translator]:
    """Open a run directory, .keras, .tflite or .onnx file; `style` is a mix such as "anime:0.6,comic:0.4".

    A model with several styles gives a translator for each, unless there is a `style`. `foreign` is for another
    project's model. Raises InputError when it cannot be loaded, when nobody says its ranges, or when it has no styles
    but gets one.
    """
    if place.suffix in MODEL_SUFFIXES and kind_of(place) is not None:
        return _session(place, style)
    if is_foreign(place):
        _refuse_style(place, style)
        return [_foreign(place, foreign or ForeignFacts())]
    model = load_generator(place, direction)
    if len(model.inputs) == 2:
        names = _style_names(place, model.inputs[1].shape[1])
        mixes = _mixes(style, names, place)
        return [Translator(name, model.inputs[0].shape[1], _keras(model, vector)) for name, vector in mixes]
    _refuse_style(place, style)
    reverse = {"ab": "ba", "ba": "ab"}[direction]
    back = None
    if place.is_dir() and (place / f"generator_{reverse}.keras").is_file():
        back = _keras(load_generator(generator_path(place, reverse)), None)
    return [Translator(str(place), model.inputs[0].shape[1], _keras(model, None), back)]


def _keras(model: Any, style: np.ndarray | None) -> Draw:
    def draw(images: pixels.Image) -> pixels.Image:
        parts = []
        for start in range(0, len(images), BATCH):
            part = pixels.to_unit(images[start : start + BATCH])
            inputs = part if style is None else [part, np.tile(style, (len(part), 1))]
            drawn = np.asarray(model(inputs, training=False))[..., :3]  # a student's fourth channel is its matte
            parts.append(pixels.from_unit(drawn))
        return np.concatenate(parts)

    return draw


def _session(place: Path, style: str) -> list[Translator]:
    session = open_session(place)
    if not session.styles:
        _refuse_style(place, style)

    def drawing_in(vector: np.ndarray | None) -> Draw:
        def draw(images: pixels.Image) -> pixels.Image:
            if vector is not None:
                session.set_style(vector)
            return np.stack([session.run(image) for image in images])

        return draw

    mixes = _mixes(style, session.styles, place) if session.styles else [(str(place), None)]
    return [Translator(name, session.size_px, drawing_in(vector)) for name, vector in mixes]


def _foreign(place: Path, facts: ForeignFacts) -> Translator:
    input_range, output_range = facts.ranges or (None, None)
    generator = open_generator(place, None, input_range, output_range, blue_first=facts.blue_first)
    return Translator(str(place), generator.size_px or facts.side_px, generator.translate)


def _style_names(place: Path, count: int) -> tuple[str, ...]:
    runs = [run for folder in (place, *place.resolve().parents[:2]) if (run := RunDirectory(folder)).exists]
    names = runs[0].styles if runs else ()  # a .keras file lies in its run, or in best/ of its run
    if len(names) != count:
        raise InputError(f"{place} draws {count} styles, but no run beside it says their names.")
    return names


def _mixes(style: str, names: tuple[str, ...], place: Path) -> list[tuple[str, np.ndarray]]:
    """The name of a row and the mixing weights, for `style` or else for each style alone."""
    return [(f"{place} {mix}", to_vector(parse_mix(mix, names), names)[0]) for mix in ([style] if style else names)]


def _refuse_style(place: Path, style: str) -> None:
    if style:
        raise InputError(f"{place} has no styles to choose from.")
