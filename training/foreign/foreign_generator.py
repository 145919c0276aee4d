"""Another project's generator: pictures in, pictures out, of any layout and range of values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.chart import chart, check_drawing
from facetoon.edge_runtime.value_range import EXAMPLES, ValueRange
from facetoon.training.foreign.foreign_model import FREE, ForeignModel, Values, channels_axis
from facetoon.training.foreign.model_formats import TRIED_PX, open_model
from facetoon.training.foreign.model_parts import digest_of


@dataclass(frozen=True)
class ForeignGenerator:
    """A generator that another project trained. `translate` draws pictures at its size."""

    path: Path
    size_px: int | None
    """The side of its pictures; None when it takes any."""
    input_range: ValueRange
    output_range: ValueRange
    model: ForeignModel
    digest: str
    """SHA-256 of the file, or of the files of a SavedModel."""
    blue_first: bool = False
    """Whether it takes and gives blue, green, red, as OpenCV reads pictures."""

    def translate(self, pictures: pixels.Image) -> pixels.Image:
        """Map RGB uint8 (n, side, side, 3), with `size_px` the side, to the same shape and dtype.

        A drawing of another size is resampled to the picture's. Raises InputError when the network does not take
        pictures of this side.
        """
        step = -1 if self.blue_first else 1
        return np.stack([self._draw(picture[..., ::step]) for picture in pictures])[..., ::step]

    def _draw(self, picture: pixels.Image) -> pixels.Image:
        values = self._run(picture)
        return pixels.square(pixels.from_range(values, self.output_range), len(picture))

    def _run(self, picture: pixels.Image) -> Values:
        """Float32 (height, width, 3) of a uint8 picture (side, side, 3), in the output's range."""
        values = pixels.to_range(picture, self.input_range)[np.newaxis]
        if channels_axis(self.path, self.model.input_shape) == 1:
            values = np.ascontiguousarray(values.transpose(0, 3, 1, 2))
        try:
            drawn = self.model.run(values)
        except Exception as error:  # each runtime has exceptions of its own
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise InputError(f"{self.path} draws no picture of {len(picture)} px: {reason}") from None
        return drawn[0].transpose(1, 2, 0) if channels_axis(self.path, drawn.shape) == 1 else drawn[0]

    def check(self) -> None:
        """Draw a chart. Raises InputError when the answer is no picture, or contradicts the range of the output."""
        values = self._run(chart(self.size_px or TRIED_PX))
        check_drawing(self.path, values, self.input_range, self.output_range)


def open_generator(
    path: Path,
    size_px: int | None = None,
    input_range: ValueRange | None = None,
    output_range: ValueRange | None = None,
    range_flag: str = "--range",
    blue_first: bool = False,
) -> ForeignGenerator:
    """Open a .tflite, .onnx or .keras file or a SavedModel folder of colour pictures, channels last or first.

    `size_px` is the side for a network of free size. The ranges come from the arguments, or else from the file itself
    (TFLITE_METADATA, this kit's spec, or a type of bytes). It draws one chart at once. Raises InputError when it cannot
    be opened, is no network of one square picture to one other, or when nobody says its ranges; `range_flag` names the
    flag that would.
    """
    model = open_model(path)
    said_input, said_output = input_range or model.said[0], output_range or model.said[1]
    if said_input is None or said_output is None:
        unsaid = " and ".join(name for name, said in (("input", said_input), ("output", said_output)) if said is None)
        raise InputError(
            f"{path} does not say the range of values of its {unsaid}: state it with {range_flag}, such as {EXAMPLES}."
        )
    side_px = _side(path, model, size_px)
    generator = ForeignGenerator(path, side_px, said_input, said_output, model, digest_of(path), blue_first)
    generator.check()
    return generator


def _side(path: Path, model: ForeignModel, size_px: int | None) -> int | None:
    """Return the side of its pictures; None for any. Raises InputError for oblong ones and for another `size_px`."""
    shape = model.input_shape
    axis = channels_axis(path, shape)
    height, width = (side for place, side in enumerate(shape) if place not in (0, axis))
    fixed = {height, width} - {FREE}
    if len(fixed) == 2:
        raise InputError(f"{path} takes pictures of {width}x{height}; a generator here takes squares.")
    (side,) = fixed or (size_px,)
    if size_px not in (None, side):
        raise InputError(f"{path} takes pictures of {side} px, not {size_px}.")
    return side
