"""The fields of a result file: one model on one device, with the circumstances of the measurement."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facetoon.benchmarks.device.device_facts import DeviceRecord
from facetoon.benchmarks.device.device_state import State
from facetoon.benchmarks.results.intervals import Times

SCHEMA = 3


@dataclass(frozen=True)
class ModelRecord:
    """The measured model file."""

    file: str
    """Its name without folders."""
    name: str
    recipe: str
    sha256: str
    """Hash of the whole file."""
    size_px: int
    file_bytes: int
    foreign: bool
    """Another project's model, which carries no facetoon spec."""
    value_range: tuple[float, float]
    macs: int | None
    """Multiply-accumulates of a run, counted from the file; None where they cannot be counted."""
    bytes_moved: int | None
    """Bytes of the inputs, weights and outputs of every operator."""


@dataclass(frozen=True)
class Measured:
    """The figures of one variant."""

    label: str
    runtime: str
    """Name and version of the library."""
    threads: int
    xnnpack: bool | None
    load_ms: float
    """Load time in a fresh process, with the import of the runtime."""
    first_inference_ms: float
    stages: dict[str, Times]
    """to_tensor, infer, to_image."""
    steady_memory_mb: float
    peak_memory_mb: float
    roofline_share: float | None

    @property
    def delegate(self) -> str:
        """The part of the library that computes: a delegate of LiteRT, or a provider of ONNX Runtime."""
        return {True: "XNNPACK", False: "none", None: "CPU provider"}[self.xnnpack]


@dataclass(frozen=True)
class Pipeline:
    """The figures of the whole pipeline on one video, with the fastest variant."""

    source: str
    """"demo" or "video", never the video's name."""
    variant: str
    frames: int
    faces_share: float
    """Share of the frames that showed a face. The other frames take less work and are not timed."""
    stages: dict[str, Times]
    """The stages from decode to encode, one after another on one thread, and their sum "frame"."""
    live_frames_per_s: float
    """Rate of the live loop with its three threads at full speed."""


@dataclass(frozen=True)
class BenchResult:
    """One measurement. The JSON file holds these fields."""

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
    """Cores that other processes kept busy during the measurement."""
    energy_mj_per_inference: float | None
    """Energy of the whole processor or board, including idle power, with the fastest variant."""
    energy_source: str
    overhead_share: float
    """Time of the instruments themselves, over the median of `infer` of the fastest variant."""
    overhead_whole_share: float
    """Time of instrumented runs over that of bare runs, minus 1. Its noise is about a percent."""
    peaks: dict[str, dict[str, Any]]
    """The device's matrix peaks and bandwidths by "runtime, threads", see device_peaks.Peaks."""
    profile: list[dict[str, Any]]
    """A row for each operator, measured alone; empty without --profile."""
    notes: list[str]
    """Sentences about failures and disturbances of the measurement."""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the text of a result file, without a final newline."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False)

    @property
    def fastest(self) -> Measured:
        """The variant whose best round has the least median of `infer`."""
        return min(self.variants, key=lambda variant: variant.stages["infer"].best_round_p50_ms)

    def place(self, results: Path) -> Path:
        """Return the path of its file: results/<device>/<model>.json. The stem for anime-64.onnx is anime-64-onnx."""
        name = re.sub(r"[^a-z0-9]+", "-", self.model.file.removesuffix(".tflite").lower()).strip("-") or "model"
        return results / self.device.slug() / f"{name}.json"
