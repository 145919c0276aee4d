"""The request of a conversion, and the generator, pictures and style that all its files share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.convert.formats.bake import batch_of_one
from facetoon.convert.formats.quantization import ONNX, Quantization
from facetoon.convert.formats.to_onnx import to_onnx
from facetoon.convert.formats.to_tflite import to_tflite
from facetoon.convert.improve.fold import has_style_affines
from facetoon.convert.improve.improvements import improve
from facetoon.convert.judge.comparison import Comparison, check_change, check_range, compare
from facetoon.convert.judge.sample_checks import check_samples
from facetoon.convert.quiet import quiet, refusing
from facetoon.convert.sources.foreign_source import is_model
from facetoon.convert.sources.generator_source import GeneratorSource, read_source
from facetoon.convert.sources.samples import Sample, load_samples
from facetoon.convert.sources.source_facts import NO_FACTS, SourceFacts
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.styles import parse_mix, to_vector


@dataclass(frozen=True)
class Request:
    """The options of a conversion. `photos` are the pictures' present places; empty means their places in training."""

    run: Path
    out: Path
    """Path of the file; its suffix chooses the format."""
    recipe: str = "static_wi8_ai8"
    direction: str = "ab"
    photos: tuple[str, ...] = ()
    calibration_images: int = 200
    test_images: int = 200
    name: str = ""
    licence: str = ""
    author: str = ""
    data_sources: tuple[str, ...] = ()
    style: str = ""
    """A mix to bake, such as "anime:0.6,comic:0.4"; empty keeps a style input."""
    style_names: tuple[str, ...] = ()
    keeps_shape: tuple[str, ...] = ()
    """Styles that keep the face's shape, in place of those that the run names."""
    improve: tuple[str, ...] = ()
    """Some of improve.methods.IMPROVEMENTS, for recipes with int8 weights."""
    qat_steps: int = 300
    dynamic_batch: bool = False
    seed: int = 1
    foreign: SourceFacts = NO_FACTS
    """What the user states about another project's model."""
    keep: bool = False

    @property
    def label(self) -> str:
        """The model's name."""
        return self.name or self.out.stem


@dataclass(frozen=True)
class Material:
    """The data that every file of one generator shares."""

    source: GeneratorSource
    calibration: Sample
    test: Sample
    style: NDArray[np.float32] | None
    """The style to bake, float32 (styles,)."""
    improved: Any = None
    """The network that becomes int8: the generator, or an improved copy."""

    @property
    def is_live(self) -> bool:
        """Whether the file has a style input."""
        return bool(self.source.styles) and self.style is None


def load_material(request: Request) -> Material:
    """Load generator and pictures; raise InputError when they cannot be used."""
    with quiet():
        source = read_source(request.run, request.direction, request.photos, request.style_names, request.foreign)
    source = replace(source, keeps_shape=_keeping_shape(request, source))
    style = _style_to_bake(request, source)
    calibration, test = load_samples(source, (request.calibration_images, request.test_images), request.seed)
    check_samples(calibration, test)
    if style is not None:
        calibration, test = (replace(s, styles=np.tile(style, (len(s.images), 1))) for s in (calibration, test))
    check_range(source.generator, test.images, test.styles if source.styles else None)
    if is_model(request.run):
        check_change(source.generator, test.images, test.styles if source.styles else None)
    improved = source.generator
    if request.improve or (style is None and has_style_affines(improved)):
        with quiet():
            improved = improve(improved, request.improve, calibration, style, request.qat_steps, request.seed)
    return Material(source, calibration, test, style, improved)


def _keeping_shape(request: Request, source: GeneratorSource) -> tuple[str, ...]:
    """The styles that keep the shape by the request, else by the run. Raises InputError for an unknown name."""
    known = source.styles or (request.label,)
    for name in request.keeps_shape:
        if name not in known:
            raise InputError(f"--keeps-shape names {name}; this generator has {', '.join(known)}.")
    return request.keeps_shape or source.keeps_shape


def _style_to_bake(request: Request, source: GeneratorSource) -> NDArray[np.float32] | None:
    if not request.style:
        return None
    if not source.styles:
        raise InputError(f"{request.run} has no styles to bake; --style is for a generator with a style input.")
    style, strength = to_vector(parse_mix(request.style, source.styles), source.styles)
    if strength < 1:
        raise InputError(f"The share of photo in {request.style} is a blend after the model; it cannot be baked.")
    return style


def convert(
    material: Material, recipe: Quantization, suffix: str, calibration: Sample, dynamic_batch: bool = False
) -> bytes:
    """Return model bytes without a spec; `calibration` is the material's whole sample or a half of it."""
    generator = material.improved if recipe.weight_bits == 8 else material.source.generator
    with refusing(f"The generator {generator.name} cannot become {recipe.name} in {suffix}"):
        fixed = batch_of_one(generator, material.style, None if dynamic_batch else 1)
        return (to_onnx if suffix == ONNX else to_tflite)(fixed, recipe, calibration)


def measure(path: Path, material: Material) -> Comparison:
    """Compare the file at `path`, in the shipped runtime, with the float generator on the test pictures."""
    test = material.test
    styles = test.styles if material.source.styles else None
    return compare(open_session(path), material.source.generator, test.images, styles, material.style is not None)
