"""The request of a conversion, and the generator, pictures and style that all its files share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.convert.formats.bake import batch_of_one
from facetoon.convert.formats.npu_ready import with_convolutions
from facetoon.convert.formats.quantization import ONNX, WIDEST, Quantization
from facetoon.convert.formats.to_onnx import to_onnx
from facetoon.convert.formats.to_tflite import to_tflite
from facetoon.convert.improve.fold import has_style_affines
from facetoon.convert.improve.improvements import improve
from facetoon.convert.judge.comparison import Comparison, check_generator, compare, float_pictures
from facetoon.convert.judge.sample_checks import check_samples
from facetoon.convert.quiet import quiet, refusing
from facetoon.convert.sources.foreign_source import is_model
from facetoon.convert.sources.generator_source import GeneratorSource, read_source
from facetoon.convert.sources.samples import Sample, load_samples
from facetoon.convert.sources.source_facts import NO_FACTS, SourceFacts
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session, open_session
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
    target_db: float | None = None
    """The mean PSNR that the file must reach, in place of its recipe's thresholds."""
    dynamic_batch: bool = False
    npu: bool = False
    """Whether space-to-depth and depth-to-space become convolutions."""
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
    expected: Image
    """The float generator's pictures of `test`, which every file is compared with: see float_pictures."""
    style: NDArray[np.float32] | None
    """The style to bake, float32 (styles,)."""
    improved: Any = None
    """The network that becomes int8: the generator, or an improved copy."""
    improvements: tuple[str, ...] = ()
    """What `improved` was improved by."""
    npu: bool = False
    """See Request."""
    ranges: str = WIDEST
    """How int8 ONNX measures the ranges of tensors: one of ONNX_RANGES."""

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
    styles = test.styles if source.styles else None
    check_generator(source.generator, test.images, styles, is_model(request.run))
    expected = float_pictures(source.generator, test.images, styles)
    plain = Material(source, calibration, test, expected, style, source.generator, npu=request.npu)
    return _improved(plain, request, request.improve)


def load_steps(request: Request) -> list[Material]:
    """Load the material without improvements, and with each further one of the request's."""
    plain, names = load_material(replace(request, improve=())), request.improve
    return [plain, *(_improved(plain, request, names[: count + 1]) for count in range(len(names)))]


def _improved(material: Material, request: Request, names: tuple[str, ...]) -> Material:
    """Improve the material's generator; style affines that stay live are conditioned even without improvements."""
    generator, style = material.source.generator, material.style
    if not names and (style is not None or not has_style_affines(generator)):
        return material
    with quiet():
        network = improve(generator, names, material.calibration, style, request.qat_steps, request.seed)
    return replace(material, improved=network, improvements=names)


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
    with refusing(f"The generator {material.source.generator.name} cannot become {recipe.name} in {suffix}"):
        fixed = fixed_network(material, recipe, None if dynamic_batch else 1)
        if suffix == ONNX:
            return to_onnx(fixed, recipe, calibration, material.ranges)
        return to_tflite(fixed, recipe, calibration)


def fixed_network(material: Material, recipe: Quantization, batch: int | None = 1) -> Any:
    """Return the network that becomes the file, with a fixed batch; None keeps it dynamic."""
    network = material.improved if recipe.weight_bits == 8 else material.source.generator
    return _fixed(network, material.npu, None if material.style is None else tuple(material.style), batch)


@lru_cache(maxsize=2)  # converters keep the float form of the last one, from which several recipes begin
def _fixed(network: Any, npu: bool, style: tuple[float, ...] | None, batch: int | None) -> Any:
    vector = None if style is None else np.array(style, np.float32)
    return batch_of_one(with_convolutions(network) if npu else network, vector, batch)


def measure(path: Path, material: Material) -> Comparison:
    """Compare the file at `path`, in the shipped runtime, with the float generator on the test pictures."""
    return measure_session(open_session(path), material)


def measure_session(session: Session, material: Material) -> Comparison:
    """Do `measure` for a file that is open already, in any runtime."""
    test = material.test
    styles = test.styles if material.source.styles else None
    return compare(session, material.expected, test.images, styles, material.style is not None)
