"""The face tracker: a tiny network that sees a rough crop around a face and returns the face's exact place.

A detector finds upright faces every few frames. In between, the tracker follows tilted, lowered and turned faces. Its
crop is turned by the face's last roll, so it sees a nearly level face at any tilt of the head.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.model_files.spec_text import Level, Name, Prose, Sha256, parse_facts, parse_json
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.model_trial import try_model
from facetoon.edge_runtime.spec import read_file

SCHEMA = 1
KIND = "face tracker"
PACKAGED = Path(__file__).parents[1] / "models" / "face-tracker.tflite"
OUTPUTS = 16
"""Centre x, y; log of height over the crop's nominal height; sine and cosine of roll; 5 landmarks x, y; face logit."""
LOG_HEIGHT_LIMIT = 0.5
MIRRORED = [2, 1, 3, 5, 4]  # rows of the landmarks, after the centre's row 0; a mirror swaps right and left


@dataclass(frozen=True)
class TrackerSpec:
    """The tracker file's description of itself, stored like a generator's ModelSpec."""

    name: Name
    recipe: Name
    """The quantization recipe, named by its bits, such as static_wi8_ai8."""
    framing: Framing
    """The place of an exactly aligned face in the crop."""
    output_scales: tuple[Level, ...]
    """Factors from the network's outputs to the units of OUTPUTS; they let one int8 scale serve all outputs."""
    scores: dict[str, float] = field(default_factory=dict)
    """Held-out errors of this file."""
    calibration: dict[str, Any] = field(default_factory=dict)
    """Size and hash of the training set that the calibration crops were drawn from."""
    data_sources: tuple[Prose, ...] = ()
    licence: Prose = ""
    sha256: Sha256 = ""
    """Hash of the model bytes without their tail; `spec.write_model` sets it."""
    kind: str = KIND
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return JSON text; the same spec gives the same bytes."""
        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True)

    @staticmethod
    def from_json(text: str, where: str) -> TrackerSpec:
        """Parse and check; raise InputError that names `where`."""
        values = parse_json(text, where)
        if (values.get("kind"), values.get("schema")) != (KIND, SCHEMA):
            raise InputError(f"{where} is no {KIND} of schema {SCHEMA}.")
        return parse_facts(values, TrackerSpec, where)


@dataclass(frozen=True)
class Tracked:
    """The tracker's view of a face."""

    face: Face
    probability: float
    """Probability that the crop holds a face, 0..1. When it is low, `face` means nothing."""
    landmarks: NDArray[np.float32]
    """x, y in frame pixels, float32 (5, 2): the person's right eye, left eye, nose tip, right and left mouth corner."""


class FaceTracker:
    """Moves a face to its exact place. Not thread-safe."""

    def __init__(self, path: Path = PACKAGED, runtime: str = "litert", threads: int = 1) -> None:
        model, self.spec = read_tracker(path)
        try_model(model, path, runtime)
        self._interpreter, self.runtime = open_interpreter(model, str(path), runtime, threads)
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        shapes = [tuple(map(int, tensor["shape"])) for tensor in (*inputs, *outputs)]
        self.size_px = shapes[0][1] if shapes and len(shapes[0]) > 1 else 0
        if shapes != [(1, self.size_px, self.size_px, 3), (1, OUTPUTS)] or len(inputs) != 1:
            raise InputError(f"{path} does not map a picture (1, n, n, 3) to (1, {OUTPUTS}).")
        if len(self.spec.output_scales) != OUTPUTS:
            raise InputError(f"{path} has {len(self.spec.output_scales)} output scales, not {OUTPUTS}.")
        self._input, self._output = inputs[0], outputs[0]
        self._encode = pixels.encode_table(self._input["dtype"], *self._input["quantization"])
        self._scales = np.array(self.spec.output_scales, np.float32)

    def refine(self, frame: Image, face: Face, mirrored: bool = False) -> Tracked:
        """Look at `face` in a BGR `frame`, uint8 (height, width, 3), and return its exact place.

        The network was trained for faces up to a third of their height away, a third too large or small, and tilted by
        up to 25 degrees. Call again with the answer to come closer. `mirrored` looks at the mirror image and mirrors
        the answer back. The errors of both looks have little in common, so their mean has a smaller error.
        """
        pixels.check_image(frame, "frame")
        matrix = self.spec.framing.crop_matrix(face, self.size_px)
        if mirrored:  # the crop's x runs from right to left
            matrix[:, 2] += matrix[:, 0] * (self.size_px - 1)
            matrix[:, 0] *= -1
        values = self.look(pixels.swap_red_blue(pixels.warp(frame, matrix, self.size_px)))
        units = np.vstack([values[:2], values[5 : OUTPUTS - 1].reshape(5, 2)])
        points = ((units + 1) * (self.size_px / 2) - 0.5) @ matrix[:, :2].T + matrix[:, 2]
        height_px = face.height_px * float(np.exp(np.clip(values[2], -LOG_HEIGHT_LIMIT, LOG_HEIGHT_LIMIT)))
        off_deg = float(np.degrees(np.arctan2(values[3], values[4])))
        roll_deg = face.roll_deg + (-off_deg if mirrored else off_deg)
        return Tracked(
            Face(float(points[0, 0]), float(points[0, 1]), height_px, (roll_deg + 180) % 360 - 180),
            1 / (1 + float(np.exp(-values[-1]))),
            points[MIRRORED if mirrored else slice(1, None)].astype(np.float32),
        )

    def look(self, crop: Image) -> NDArray[np.float32]:
        """Return OUTPUTS, float32 (16,), for an RGB uint8 crop (size_px, size_px, 3). Points are -1..1 in the crop."""
        self._interpreter.set_tensor(self._input["index"], pixels.to_tensor(crop, self._encode))
        self._interpreter.invoke()
        values = self._interpreter.get_tensor(self._output["index"])[0].astype(np.float32)
        scale, zero_point = self._output["quantization"]
        return (values - zero_point) * (scale or 1.0) * self._scales


def read_tracker(path: Path) -> tuple[bytes, TrackerSpec]:
    """Read the model bytes without their tail, and the spec; raise InputError unless kind, schema and hash hold."""
    return read_file(path, TrackerSpec.from_json)
