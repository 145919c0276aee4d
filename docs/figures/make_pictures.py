"""Makes the pictures in README.md, MODEL_CARD.md and docs/STYLES.md with the shipped models.

    python docs/figures/make_pictures.py --photos 'faces.zip#lfw_*' 'faces.zip#s2a_*'

demo.jpg: a frame of the packaged demo, and its cartoon in each style and in a mix of two.
simplex.jpg: the demo's face in mixes of three styles, one style in each corner. No mix was in a data set.
styles-128.jpg, styles-64.jpg: cartoons of test photographs, a block for each style. The photographs themselves may not
be redistributed, so the committed sheets show only cartoons. --with-inputs writes sheets with both, to another folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facetoon.convert.sources.samples import draw
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import LIVE_MODELS, Session, open_session
from facetoon.edge_runtime.sources.source import DemoSource
from facetoon.edge_runtime.styles import format_mix
from facetoon.edge_runtime.timing import StageTimer
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.pictures.images import load_split

DOCS = Path(__file__).parents[1]
STEPS = 4  # of the simplex, from one corner to the next
COLUMNS = 10
SHOWN_LEFT_PX, SHOWN_PX = 170, 340  # the square of a demo frame, from its upper border, that holds the head
TEST_SHARE = 0.2  # share of the photographs that the models' training held out


def main(argv: Sequence[str] | None = None) -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", default=[], help="folders or zips that the models were trained on")
    parser.add_argument("--with-inputs", type=Path, help="also write sheets with the photographs to this folder")
    parser.add_argument("--out", type=Path, default=DOCS, metavar="FOLDER", help="default: docs/")
    parser.add_argument("--frames", type=int, default=30, help="number of the demo frame (default: %(default)s)")
    arguments = parser.parse_args(argv)
    write_whole(arguments.out / "demo.jpg", pixels.encode_jpeg(demo_sheet(arguments.frames), 88))
    write_whole(arguments.out / "simplex.jpg", pixels.encode_jpeg(simplex_sheet(), 90))
    for model in LIVE_MODELS if arguments.photos else ():
        photos, cartoons = unseen(model, arguments.photos)
        write_sheet(arguments.out / f"{model.stem}.jpg", cartoons)
        if arguments.with_inputs:
            write_sheet(arguments.with_inputs / f"{model.stem}.jpg", [photos, *cartoons])


def demo_sheet(frames: int) -> Image:
    """Draw a frame of the demo, and its cartoon in each style and in a mix, side by side; BGR uint8."""
    session = open_session()
    mixes = [*({name: 1.0} for name in session.styles), {session.styles[0]: 0.6, session.styles[-1]: 0.4}]
    pairs = [play(session, format_mix(mix), frames) for mix in mixes]
    panels = [pairs[0][0], *(cartoon for _, cartoon in pairs)]
    return np.hstack([image[:SHOWN_PX, SHOWN_LEFT_PX:][:, :SHOWN_PX] for image in panels])


def play(session: Session, mix: str, frames: int) -> tuple[Image, Image]:
    """Play this many frames of the demo; return the last frame and its cartoon, BGR uint8."""
    source, cartoonizer = DemoSource(), Cartoonizer(session, FaceFinder(), StageTimer())
    settings = cartoonizer.settings.patched({"style": mix}, cartoonizer.styles)
    for _ in range(frames):
        frame = source.read()
        assert frame is not None  # the demo has no end
        cartoon = cartoonizer.process(frame.copy(), settings)
    return frame, cartoon


def simplex_sheet() -> Image:
    """Draw the demo's face in every mix of the first three styles, in steps of a quarter: a triangle; BGR uint8."""
    session, frame = open_session(), DemoSource().read()
    assert frame is not None
    size_px = session.size_px
    (face,) = FaceFinder().find(frame)
    crop = pixels.swap_red_blue(pixels.warp(frame, session.spec.framing.crop_matrix(face, size_px), size_px))
    sheet = np.full(((STEPS + 1) * size_px, (STEPS + 1) * size_px, 3), 255, np.uint8)
    for row in range(STEPS + 1):
        for column in range(row + 1):
            shares = np.array([STEPS - row, row - column, column], np.float32) / np.float32(STEPS)
            left_px = (STEPS - row) * size_px // 2 + column * size_px
            sheet[row * size_px :][:size_px, left_px:][:, :size_px] = styled(session, crop, shares)
    return pixels.swap_red_blue(sheet)


def styled(session: Session, image: Image, shares: NDArray[np.float32]) -> Image:
    """Draw the cartoon of a crop, RGB uint8, in a mix of the first styles."""
    session.set_style(np.pad(shares, (0, len(session.styles) - len(shares))))
    return session.run(image)


def unseen(model: Path, sources: list[str]) -> tuple[Image, list[Image]]:
    """Return test photographs from all sources, and a model's cartoons of them by style; RGB uint8 (n, h, w, 3)."""
    session = open_session(model)
    _, test = load_split(sources, session.size_px, TEST_SHARE)
    photos = draw(test, 2 * COLUMNS, seed=3).images
    corners: NDArray[np.float32] = np.eye(len(session.styles), dtype=np.float32)
    return photos, [np.stack([styled(session, photo, shares) for photo in photos]) for shares in corners]


def write_sheet(path: Path, blocks: list[Image]) -> None:
    """Write blocks of RGB pictures (n, h, w, 3), one below the other, in rows of COLUMNS; a short row ends in white."""
    rows = []
    for block in blocks:
        for start in range(0, len(block), COLUMNS):
            row = np.full((COLUMNS, *block.shape[1:]), 255, np.uint8)
            row[: len(block) - start] = block[start : start + COLUMNS]
            rows.append(np.hstack(list(row)))
    write_whole(path, pixels.encode_jpeg(pixels.swap_red_blue(np.vstack(rows)), 88))


if __name__ == "__main__":
    main()
