"""A result file: one model on one device, with its circumstances. Written whole, read strictly."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facetoon.benchmarks.device.device_facts import DeviceRecord
from facetoon.benchmarks.device.device_state import State
from facetoon.benchmarks.results.intervals import Times
from facetoon.edge_runtime.errors import InputError

SCHEMA = 3


@dataclass(frozen=True)
class ModelRecord:
    """Which model file was measured."""

    file: str
    """Its name without folders."""
    name: str
    recipe: str
    sha256: str
    """Of the whole file."""
    size_px: int
    file_bytes: int
    foreign: bool
    """Another project's model, without a facetoon spec."""
    value_range: tuple[float, float]
    macs: int | None
    """Multiply-accumulates of a run, counted from the file; None where it cannot be counted."""
    bytes_moved: int | None
    """Inputs, weights and outputs of every operator."""


@dataclass(frozen=True)
class Measured:
    """One variant."""

    label: str
    runtime: str
    """Name and version of the library."""
    threads: int
    xnnpack: bool | None
    load_ms: float
    """In a fresh process, the import of the runtime included."""
    first_inference_ms: float
    stages: dict[str, Times]
    """to_tensor, infer, to_image."""
    steady_memory_mb: float
    peak_memory_mb: float
    roofline_share: float | None


@dataclass(frozen=True)
class Pipeline:
    """The whole pipeline on one film, with the fastest variant."""

    source: str
    """"demo" or "video": never its name."""
    variant: str
    frames: int
    faces_share: float
    """Share of the frames that showed a face; the others are quicker and are not timed."""
    stages: dict[str, Times]
    """decode to encode, and their sum "frame", one after another on one thread."""
    live_frames_per_s: float
    """Of the live loop with its three threads, as fast as it can."""


@dataclass(frozen=True)
class BenchResult:
    """One measurement; the JSON file is this, field by field."""

    when: str
    """UTC, ISO 8601."""
    facetoon: str
    device: DeviceRecord
    model: ModelRecord
    rounds: int
    variants: list[Measured]
    pipeline: Pipeline | None
    before: State
    during: State
    after: State
    other_cores: float | None
    """Cores that other processes kept busy meanwhile."""
    energy_mj_per_inference: float | None
    """Of the processor or board as a whole, idle power included, with the fastest variant."""
    energy_source: str
    overhead_share: float
    """What the instruments add to `infer` of the fastest variant: their own time over its median."""
    overhead_whole_share: float
    """The same seen from outside: instrumented runs over bare runs, minus 1; its noise is about a percent."""
    peaks: dict[str, dict[str, Any]]
    """By "runtime, threads": the device's matrix peaks and bandwidths, see roofline.Peaks."""
    profile: list[dict[str, Any]]
    """Each operator alone; empty unless asked for."""
    notes: list[str]
    """What could not be measured, and what disturbed."""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Give the text of a result file, without a final newline."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False)

    @property
    def fastest(self) -> Measured:
        """The variant with the least best-round median of `infer`."""
        return min(self.variants, key=lambda variant: variant.stages["infer"].best_round_p50_ms)

    def place(self, results: Path) -> Path:
        """Where it belongs: results/<device>/<model>.json; anime-64.onnx becomes anime-64-onnx."""
        name = re.sub(r"[^a-z0-9]+", "-", self.model.file.removesuffix(".tflite").lower()).strip("-") or "model"
        return results / self.device.slug() / f"{name}.json"


def read_result(path: Path) -> BenchResult:
    """Load a result file; raises InputError when it is none, or of another schema."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.get("schema") != SCHEMA:
            raise InputError(f"{path} has result schema {values.get('schema')}; this facetoon reads schema {SCHEMA}.")
        result = _typed(BenchResult, values, "result")
    except OSError as error:
        raise InputError(f"The result {path} cannot be read: {error.strerror}.") from None
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not a result of toon-bench: {error}.") from None
    if not result.variants or any("infer" not in variant.stages for variant in result.variants):
        raise InputError(f"{path} is not a result of toon-bench: it times no inference.")
    return result


def _typed(kind: Any, value: Any, where: str) -> Any:
    """`value` of JSON as `kind`, checked all the way down; TypeError names the place."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        if not isinstance(value, dict) or set(value) != set(hints):
            odd = sorted(set(hints) ^ set(value)) if isinstance(value, dict) else type(value).__name__
            raise TypeError(f"{where}: {odd}")
        return kind(**{key: _typed(hints[key], item, f"{where}.{key}") for key, item in value.items()})  # type: ignore[operator]
    if origin is types.UnionType:
        return None if value is None else _typed(inner[0], value, where)
    if origin in (tuple, list) and isinstance(value, list):
        return origin(_typed(inner[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: _typed(inner[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    plain = (int, float) if kind is float else kind
    if origin is not None or not isinstance(value, plain) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{where} is {value!r}")
    return value


def check_destination(path: Path) -> None:
    """Raise InputError when `path` cannot be written: before measuring, not after."""
    if path.exists() and not path.is_file():  # replacing /dev/stdout or a folder would be worse than refusing
        raise InputError(f"The result cannot go to {path}: it is not an ordinary file (- is standard output).")
    partial = _partial(path)
    try:
        partial.touch()
        partial.unlink()
    except OSError as error:
        raise InputError(f"The result cannot be written to {path}: {error.strerror}.") from None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises InputError when the place cannot be written."""
    try:
        partial = _partial(path)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path.resolve())
    except OSError as error:
        raise InputError(f"The result cannot be written to {path}: {error.strerror}.") from None


def _partial(path: Path) -> Path:
    """Name the file beside the one that `path` means: a link is followed and never replaced."""
    real = path.resolve()
    return real.with_name(real.name + ".partial")
