"""Make the pictures of README.md and MODEL_CARD.md with the shipped model.

    python docs/make_pictures.py --photos 'faces.zip#lfw_*' 'faces.zip#s2a_*'

demo.jpg: frames of the packaged demo, above them what toon-live makes of them.
anime-64.png: cartoons of test photographs. The photographs themselves may not be redistributed, so the committed sheet
shows cartoons alone; --with-inputs writes, to another place, the one with both.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from convert.calibration import draw
from edge_runtime import pixels
from edge_runtime.cartoonizer import Cartoonizer
from edge_runtime.faces import FaceFinder
from edge_runtime.session import open_session
from edge_runtime.sources import DemoSource
from edge_runtime.timing import StageTimer
from training.images import load_split

DOCS = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", help="the sources that the model was trained on: folders or zips")
    parser.add_argument("--with-inputs", type=Path, help="also write the sheet with the photographs beside, here")
    arguments = parser.parse_args()
    (DOCS / "demo.jpg").write_bytes(pixels.encode_jpeg(demo_sheet(), 88))
    if arguments.photos:
        photos, cartoons = test_cartoons(arguments.photos, 60)
        (DOCS / "anime-64.png").write_bytes(pixels.encode_png(grid(cartoons, 15)))
        if arguments.with_inputs:
            pairs = np.concatenate([photos, cartoons], axis=2)
            arguments.with_inputs.write_bytes(pixels.encode_png(grid(pairs, 6)))


def demo_sheet() -> pixels.Image:
    """Four frames, 1.5 seconds apart, BGR: cartoonized above, as they were below."""
    source = DemoSource()
    cartoonizer = Cartoonizer(open_session(), FaceFinder(), StageTimer())
    columns = []
    for number in range(180):
        frame = source.read()
        after = cartoonizer.process(frame.copy())
        if number % 45 == 44:
            columns.append(np.vstack([after, frame]))
    sheet = np.hstack(columns)
    return pixels.resize(sheet, sheet.shape[1] // 2, sheet.shape[0] // 2)


def test_cartoons(sources: list[str], count: int) -> tuple[pixels.Image, pixels.Image]:
    """Test photographs, drawn evenly over the sources, and the shipped model's cartoons of them."""
    session = open_session()
    _, test = load_split(sources, session.size_px, 0.2)
    photos = draw(test, count, seed=3).images
    return photos, np.stack([session.run(photo) for photo in photos])


def grid(images: pixels.Image, columns: int) -> pixels.Image:
    """Pictures (n, height, width, 3) in rows of `columns`."""
    rows = [np.hstack(list(images[i : i + columns])) for i in range(0, len(images), columns)]
    return np.vstack(rows)


if __name__ == "__main__":
    main()
