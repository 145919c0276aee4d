"""Makes docs/drawn-styles.jpg: the packaged photograph (NASA, public domain) in every drawn style.

python docs/figures/make_drawn.py --landmarks face_landmark.tflite
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources.source import DEMO_PHOTOGRAPH
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.drawings.studio import Studio
from facetoon.training.drawn.style_names import NAMES

OUT = Path(__file__).parents[1] / "drawn-styles.jpg"
SIDE_PX = 256
ROWS, COLUMNS = slice(12, 232), slice(114, 334)  # the square of the photograph that holds the head


def main(argv: Sequence[str] | None = None) -> None:
    """Write the row: the photograph, then a column for each style."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--landmarks", type=Path, metavar="FILE", help="see toon-train draw")
    parser.add_argument("--styles", nargs="+", default=NAMES, metavar="STYLE", help="default: all")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FILE.jpg", help="default: docs/drawn-styles.jpg")
    arguments = parser.parse_args(argv)
    cv2.setNumThreads(1)  # so that the picture is the same on every machine
    whole = pixels.decode_image(DEMO_PHOTOGRAPH.read_bytes(), DEMO_PHOTOGRAPH.name)
    face = pixels.square(whole[ROWS, COLUMNS], 2 * SIDE_PX)  # twice the size, so that lines come out smooth
    columns = [face, *(drawing(face, style, arguments.landmarks) for style in arguments.styles)]
    row = np.hstack([pixels.resize(column, SIDE_PX, SIDE_PX) for column in columns])
    write_whole(arguments.out, pixels.encode_jpeg(pixels.swap_red_blue(row), 88))


def drawing(face: Image, style: str, landmarks: Path | None) -> Image:
    """The face in a style; RGB uint8 of the same shape. Raises InputError when the landmark net sees no face."""
    answer = Studio(style, landmarks, face.shape[0]).draw(face)
    if answer is None:
        raise InputError(f"The landmark net finds no face in {DEMO_PHOTOGRAPH.name}.")
    return answer


if __name__ == "__main__":
    main()
