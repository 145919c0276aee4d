"""Logs a run: metrics.jsonl and sample sheets, both also as TensorBoard events."""

from __future__ import annotations

import json
from pathlib import Path

from tensorboardX import SummaryWriter
from tensorboardX.proto.summary_pb2 import Summary

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole


class RunLog:
    """Writes metrics.jsonl and samples/*.png, both also as TensorBoard events. Writes nothing if `writes` is false."""

    def __init__(self, run: Path, first: int, writes: bool) -> None:
        """Remove log entries after step `first`, because a resumed run repeats these steps."""
        self.run, self.writes = run, writes
        if not writes:
            return
        _forget_after(run / "metrics.jsonl", first)
        self._lines = (run / "metrics.jsonl").open("a")
        self._events = SummaryWriter(str(run / "tensorboard"), purge_step=first + 1, flush_secs=20)

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Log the values of a step: one line, and one TensorBoard scalar for each value."""
        if not self.writes:
            return
        self._lines.write(json.dumps({"step": step, **values}) + "\n")
        self._lines.flush()
        for name, value in values.items():
            self._events.add_scalar(name, value, step)

    def sample(self, step: int, sheet: pixels.Image) -> None:
        """Log the sample sheet of a step, RGB uint8 (height, width, 3)."""
        if not self.writes:
            return
        png = pixels.encode_png(sheet)
        write_whole(self.run / "samples" / f"step-{step:08d}.png", png)
        height, width, _ = sheet.shape  # add_image would encode the sheet again, and needs PIL for it
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
        self._events.file_writer.add_summary(Summary(value=[Summary.Value(tag="samples", image=image)]), step)

    def close(self) -> None:
        """Finish writing."""
        if self.writes:
            self._lines.close()
            self._events.close()


def _forget_after(path: Path, step: int) -> None:
    if path.exists():
        whole = [line for line in path.read_bytes().splitlines(True) if line.endswith(b"\n")]
        lines = [line for number, line in enumerate(whole, 1) if _step_of(line, path, number) <= step]
        write_whole(path, b"".join(lines))


def _step_of(line: bytes, path: Path, number: int) -> int:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise InputError(f"Line {number} of {path} holds no metrics of a step: repair it, or take it out.") from None
