"""The log of a run: metrics.jsonl, sample sheets, and the same for TensorBoard."""

from __future__ import annotations

import json
from pathlib import Path

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.whole_file import write_whole
from tensorboardX import SummaryWriter
from tensorboardX.proto.summary_pb2 import Summary


class RunLog:
    """Writes metrics.jsonl, samples/*.png, and the same as TensorBoard events; nothing where `writes` is false."""

    def __init__(self, run: Path, first: int, writes: bool) -> None:
        """Drops what an interrupted run logged after step `first`: those steps will be taken again."""
        self.run, self.writes = run, writes
        if not writes:
            return
        _forget_after(run / "metrics.jsonl", first)
        self._lines = (run / "metrics.jsonl").open("a")
        self._events = SummaryWriter(str(run / "tensorboard"), purge_step=first + 1, flush_secs=20)

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """One line, and one TensorBoard scalar for each value."""
        if not self.writes:
            return
        self._lines.write(json.dumps({"step": step, **values}) + "\n")
        self._lines.flush()
        for name, value in values.items():
            self._events.add_scalar(name, value, step)

    def sample(self, step: int, sheet: pixels.Image) -> None:
        """The sample sheet of a step, RGB."""
        if not self.writes:
            return
        png = pixels.encode_png(sheet)
        write_whole(self.run / "samples" / f"step-{step:08d}.png", png)
        height, width, _ = sheet.shape  # add_image would need PIL to encode it again
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
        self._events.file_writer.add_summary(Summary(value=[Summary.Value(tag="samples", image=image)]), step)

    def close(self) -> None:
        """Finish writing."""
        if self.writes:
            self._lines.close()
            self._events.close()


def _forget_after(path: Path, step: int) -> None:
    if path.exists():
        whole = [line for line in path.read_text("utf-8").splitlines(True) if line.endswith("\n")]
        lines = [line for line in whole if json.loads(line)["step"] <= step]
        write_whole(path, "".join(lines))
