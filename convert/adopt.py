"""Adopts another project's model file: its bytes, unchanged, with a spec and a hash behind them."""

from __future__ import annotations

import dataclasses
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facetoon.convert.destination import check_destination, write_faults
from facetoon.edge_runtime.cartoon.whole_frame import tile_count
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts, foreign_bytes
from facetoon.edge_runtime.sessions.chart import chart, check_drawing
from facetoon.edge_runtime.sessions.session import Session, open_session
from facetoon.edge_runtime.spec import ModelSpec, write_model
from facetoon.edge_runtime.value_range import ValueRange

TIMED_RUNS = 3
SLOW_HZ = 10.0
"""Pictures a second below which a live face visibly lags behind its owner."""
FRAME = (480, 640)  # height and width in px of a usual camera


@dataclass(frozen=True)
class Adopted:
    """A model file that this kit runs, and its speed on this machine."""

    path: Path
    spec: ModelSpec
    size_px: int
    runtime: str
    picture_ms: float
    """Median time of a picture on two threads."""

    def lines(self) -> list[str]:
        """Return what the user is told: the facts of the file, then what its speed means."""
        spec, target = self.spec, self.spec.output_range or self.spec.value_range
        values = f"{spec.colour_order} in {_text(spec.value_range)} to {_text(target)}"
        facts = (
            f"{self.path}: {spec.name}, {spec.recipe}, {self.size_px} px, {values}, with its spec and hash; "
            f"{self.picture_ms:.4g} ms a picture on {self.runtime}."
        )
        return [facts, *self._warnings()]

    def _warnings(self) -> list[str]:
        rate_hz, count = 1000 / self.picture_ms, tile_count(*FRAME, self.size_px)
        if rate_hz >= SLOW_HZ:
            return []
        return [
            f"  slow: this machine draws {rate_hz:.2g} faces a second; --mode frame takes {count} pictures for a frame "
            f"of {FRAME[1]}x{FRAME[0]}, which is one in {count * self.picture_ms / 1000:.2g} s."
        ]


def adopt(
    path: Path,
    out: Path,
    facts: AdoptionFacts,
    name: str = "",
    keeps_shape: bool = False,
    author: str = "",
    licence: str = "",
) -> Adopted:
    """Write the model with a spec to `out`, after it has drawn a chart.

    Raises InputError when the file is none that this kit runs, when nobody states what it does not say, or when its
    drawing contradicts the stated ranges.
    """
    if out.suffix != path.suffix:
        raise InputError(f"{out} has another suffix than {path}: adopting keeps the format.")
    if out.resolve() == path.resolve():
        raise InputError(f"{out} is the file itself: adopting leaves the original as it is, so give another --out.")
    check_destination(out)
    session = open_session(path, facts=facts)
    drawn = _drawn(session)
    look = name or out.stem
    spec = dataclasses.replace(session.spec, name=look, styles=(look,), author=author, licence=licence)
    spec = dataclasses.replace(spec, keeps_shape=spec.styles if keeps_shape else ())
    with write_faults(out):
        spec = write_model(out, foreign_bytes(path), spec)
    reopened = open_session(out)
    if np.abs(reopened.run(chart(reopened.size_px)).astype(int) - drawn).max() > 1:
        raise RuntimeError(f"{out} draws another picture than {path}")
    return Adopted(out, spec, session.size_px, session.runtime, _picture_ms(reopened))


def _drawn(session: Session) -> np.ndarray:
    """The chart as the model draws it. Raises InputError for a drawing that contradicts the ranges."""
    tensor = session.infer(session.to_tensor(chart(session.size_px)))
    pairs = session.spec.value_range, session.spec.output_range or session.spec.value_range
    source, target = (ValueRange((low,), (high,)) for low, high in pairs)
    check_drawing(session.spec.name, session.values(tensor), source, target)
    return session.to_image(tensor).astype(int)


def _picture_ms(session: Session) -> float:
    image, times = chart(session.size_px), []
    for _ in range(TIMED_RUNS):
        start_s = time.perf_counter()
        session.run(image)
        times.append(time.perf_counter() - start_s)
    return 1000 * statistics.median(times)


def _text(values: tuple[float, float]) -> str:
    return f"{values[0]:g}..{values[1]:g}"
