"""The model spec: a generator's description of itself, inside its file (see model_files).

It does not repeat shapes, dtypes, scales and zero points, which the session reads from the model itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.model_files.spec_text import (
    Level,
    Name,
    Names,
    Prose,
    Sha256,
    parse_facts,
    parse_json,
)
from facetoon.edge_runtime.model_files.tailed_file import GENERATOR, is_tflite, read_tailed, write_tailed
from facetoon.edge_runtime.model_files.tflite_check import check_tflite

SCHEMA = 1


@dataclass(frozen=True)
class ModelSpec:
    """The facts about a generator that its flatbuffer does not hold."""

    name: Name
    direction: Name
    """"photo to cartoon" or "cartoon to photo"."""
    recipe: Name
    """The quantization recipe, named by its bits, such as static_wi8_ai8."""
    framing: Framing
    """The framing of the training pictures; the live crop must agree."""
    value_range: tuple[Level, Level] = (-1.0, 1.0)
    """Input values of grey levels 0 and 255."""
    colour_order: Name = "RGB"
    styles: Names = ()
    """Names of the trained styles, in the order of the style input. A single name is the look of a baked model."""
    matte: bool = False
    """The output has a fourth channel: the matte of the head, -1 outside and 1 inside, in the drawing's own shape."""
    keeps_shape: Names = ()
    """Styles that leave each feature where it is. Only they work on whole frames and can follow the frame's edges."""
    scores: dict[str, Any] = field(default_factory=dict)
    """Comparison with the float model: psnr_db, ssim, and the size and hash of the image set."""
    calibration: dict[str, Any] = field(default_factory=dict)
    """Size and hash of the calibration set."""
    run: Name = ""
    """Identity of the training run: the hash of its configuration and weights."""
    data_sources: tuple[Prose, ...] = ()
    licence: Prose = ""
    author: Prose = ""
    sha256: Sha256 = ""
    """Hash of the model bytes without their tail; `write_model` sets it."""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return JSON text; the same spec gives the same bytes."""
        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True)

    @staticmethod
    def from_json(text: str, where: str) -> ModelSpec:
        """Parse and check; raise InputError that names `where`."""
        values = parse_json(text, where)
        if (kind := values.pop("kind", GENERATOR)) != GENERATOR:
            raise InputError(f"{where} is a {shown(kind)}, not a generator.")
        if (schema := values.get("schema")) != SCHEMA:
            raise InputError(f"{where} has model-spec schema {shown(schema)}; this facetoon reads schema {SCHEMA}.")
        return parse_facts(values, ModelSpec, where)


class Spec(Protocol):
    """The common part of a generator's ModelSpec and the face tracker's TrackerSpec."""

    @property
    def sha256(self) -> str:
        """Hash of the model bytes without their tail."""

    def to_json(self) -> str:
        """Return JSON text; the same spec gives the same bytes."""


AnySpec = TypeVar("AnySpec", bound=Spec)


def write_model(path: Path, model: bytes, spec: AnySpec) -> AnySpec:
    """Write the model bytes with the spec at their end, whole or not at all; return the spec with its hash.

    The suffix chooses between .tflite and .onnx. The same model and spec give the same bytes.
    """
    spec = dataclasses.replace(spec, sha256=hashlib.sha256(model).hexdigest())  # type: ignore[type-var]
    write_tailed(path, model, spec.to_json())
    return spec


def read_model(path: Path) -> tuple[bytes, ModelSpec]:
    """Read the model bytes without their tail, and the spec; raise InputError unless kind, schema and hash hold."""
    return read_file(path, ModelSpec.from_json)


def read_file(path: Path, parse: Callable[[str, str], AnySpec]) -> tuple[bytes, AnySpec]:
    """Do `read_model` for any kind of spec; `parse` takes its text and the file's name."""
    parts = read_tailed(path)
    if parts is None:
        raise InputError(
            f"{path} carries no facetoon spec: it is truncated, or another tool's model (toon-convert makes ours)."
        )
    model, text = parts
    spec = parse(text, str(path))
    if hashlib.sha256(model).hexdigest() != spec.sha256:
        raise InputError(f"{path} is damaged: its hash differs from the one in its spec.")
    if is_tflite(model):
        check_tflite(model, str(path))
    return model, spec
