"""Loads a run's generator, or any Keras image-to-image model or SavedModel, and the places of its pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facetoon.convert.sources.foreign_source import KINDS, is_model, open_foreign
from facetoon.convert.sources.source_facts import NO_FACTS, SourceFacts
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.sessions.picture_shape import RGB, WITH_MATTE, Sides
from facetoon.training.foreign.model_parts import digest_of, parts_of
from facetoon.training.pictures.data_source import DataSource, as_source
from facetoon.training.runs.checkpoint import DIRECTIONS, load_generator
from facetoon.training.runs.run_directory import InputPictures, RunDirectory

TEST_SHARE = 0.2  # for a model without a run


@dataclass(frozen=True)
class GeneratorSource:
    """A float generator and the facts of its training run."""

    generator: Any
    """Keras: pictures (batch, h, w, 3), or [pictures, styles (batch, s)], to pictures, or to four channels with a
    matte; float -1..1."""
    size_px: int
    """The side of the square pictures that it draws, the shorter one of a rectangular network."""
    direction: str
    styles: tuple[str, ...]
    """Names for the style input; empty without one."""
    framing: Framing
    pictures: InputPictures
    sha256: str
    """Hash of configuration and weights, which identifies the run."""
    float_bytes: int
    keeps_shape: tuple[str, ...] = ()
    """See RunDirectory.keeps_shape; empty without a run."""

    @property
    def sides_px(self) -> Sides:
        """Height and width of its tensors."""
        (picture,) = (tensor.shape for tensor in self.generator.inputs if len(tensor.shape) == 4)
        return picture[1], picture[2]

    @property
    def has_matte(self) -> bool:
        """Whether the generator's fourth output channel is a matte of the head."""
        return int(self.generator.outputs[0].shape[-1]) == WITH_MATTE


def read_source(
    place: Path,
    direction: str,
    pictures: tuple[str, ...],
    style_names: tuple[str, ...],
    facts: SourceFacts = NO_FACTS,
) -> GeneratorSource:
    """Load a generator from a run directory, or a model as foreign_source opens it by the user's `facts`.

    `pictures` are the present places of the run's pictures; empty means their places in training. Raises InputError
    for anything but a generator of pictures of a fixed size.
    """
    if is_model(place):
        return _of_model(place, direction, pictures, style_names, facts)
    if not place.is_dir():
        raise InputError(f"{place} is not a run directory (toon-train makes one), nor {KINDS}.")
    return _of_run(RunDirectory(place), direction, pictures, style_names)


def _of_run(
    run: RunDirectory, direction: str, pictures: tuple[str, ...], style_names: tuple[str, ...]
) -> GeneratorSource:
    float_bytes = run.generator_path(direction).stat().st_size
    framing, input_pictures = run.recipe().framing, _moved(run.input_pictures(direction), pictures)
    generator = load_generator(run.path, direction)
    size_px, styles = check_generator(generator, style_names or run.styles)
    return GeneratorSource(
        generator,
        size_px,
        DIRECTIONS[direction],
        styles,
        framing=framing,
        pictures=input_pictures,
        sha256=run.sha256(direction),
        float_bytes=float_bytes,
        keeps_shape=run.keeps_shape,
    )


def _moved(pictures: InputPictures, places: tuple[str, ...]) -> InputPictures:
    """Return the same pictures at `places`, if there are any; a data set keeps its domain."""
    if not places:
        return pictures
    domain = pictures.sources[0].domain
    if domain:
        sources = tuple(replace(DataSource.from_json(place), domain=domain) for place in places)
    else:
        sources = tuple(map(as_source, places))
    return replace(pictures, sources=sources)


def _of_model(
    place: Path, direction: str, pictures: tuple[str, ...], style_names: tuple[str, ...], facts: SourceFacts
) -> GeneratorSource:
    if not pictures:
        raise InputError(f"{place} names no pictures for calibration and test: give some with --photos.")
    generator = open_foreign(place, facts)
    size_px, styles = check_generator(generator, style_names)
    return GeneratorSource(
        generator,
        size_px,
        DIRECTIONS[direction],
        styles,
        framing=Framing(),
        pictures=InputPictures(tuple(map(as_source, pictures)), TEST_SHARE, None),
        sha256=digest_of(place),
        float_bytes=sum(path.stat().st_size for path in parts_of(place)),
    )


def check_generator(generator: Any, style_names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Return the shorter side in px and style names.

    Raises InputError unless the generator maps a picture, and perhaps a style, to another picture of the same size,
    with or without a matte as its fourth channel.
    """
    inputs, outputs = [tuple(t.shape) for t in generator.inputs], [tuple(t.shape) for t in generator.outputs]
    inputs_text, outputs_text = (" and ".join(map(str, shapes)) for shapes in (inputs, outputs))
    described = f"The generator {generator.name} maps {inputs_text} to {outputs_text}"
    if any(size is None for shape in (*inputs, *outputs) for size in shape[1:]):
        raise InputError(f"{described}: its shapes are dynamic, and a device needs one fixed size.")
    pictures, vectors = [s for s in inputs if len(s) == 4], [s for s in inputs if len(s) == 2]
    is_generator = len(pictures) == len(outputs) == 1 and len(vectors) <= 1 and len(inputs) == 1 + len(vectors)
    if not is_generator or pictures[0][3] != RGB or not _answers(outputs[0], pictures[0]):
        raise InputError(f"{described}, not one picture to another of its size, with or without a matte.")
    width = vectors[0][1] if vectors else 0
    if len(style_names) != width:
        raise InputError(f"{described}, so it takes {width} style names (--style-names), not {len(style_names)}.")
    return min(pictures[0][1:3]), style_names


def _answers(output: tuple[int, ...], picture: tuple[int, ...]) -> bool:
    """Whether the output is of the picture's size, and has its channels or a matte as well."""
    return output[1:3] == picture[1:3] and output[3] in (RGB, WITH_MATTE)
