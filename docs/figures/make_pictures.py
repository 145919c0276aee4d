"""Make the pictures of README.md, MODEL_CARD.md and docs/STYLES.md with the shipped models.

    python docs/figures/make_pictures.py --photos 'faces.zip#lfw_*' 'faces.zip#s2a_*'

demo.jpg: the packaged demo as it is, and in each style and a mix of them.
simplex.jpg: its face in mixes of three styles, a corner each; all but the corners were in no data set.
styles-128.jpg, styles-64.jpg: cartoons of test photographs, a block for each style. The photographs themselves may not
be redistributed, so the committed sheets show cartoons alone; --with-inputs writes, to another place, those with both.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from facetoon.convert.sources.samples import draw
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.sessions.session import LIVE_MODELS, Session, open_session
from facetoon.edge_runtime.sources.source import DemoSource
from facetoon.edge_runtime.styles import format_mix
from facetoon.edge_runtime.timing import StageTimer
from facetoon.training.pictures.images import load_split

DOCS = Path(__file__).parents[1]
STEPS = 4  # of the simplex, from one corner to the next
COLUMNS = 10
SHOWN_LEFT_PX, SHOWN_PX = 170, 340  # the square of a demo frame, from its upper border, that holds the head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", help="the sources that the models were trained on: folders or zips")
    parser.add_argument("--with-inputs", type=Path, help="also write the sheets with the photographs, to this folder")
    arguments = parser.parse_args()
    (DOCS / "demo.jpg").write_bytes(pixels.encode_jpeg(demo_sheet(), 88))
    (DOCS / "simplex.jpg").write_bytes(pixels.encode_jpeg(simplex_sheet(), 90))
    for model in LIVE_MODELS if arguments.photos else ():
        photos, cartoons = unseen(model, arguments.photos)
        write_sheet(DOCS / f"{model.stem}.jpg", cartoons)
        if arguments.with_inputs:
            write_sheet(arguments.with_inputs / f"{model.stem}.jpg", [photos, *cartoons])


def demo_sheet() -> pixels.Image:
    """A frame, and what becomes of it in each style and in a mix, once the face has been held for a second; BGR."""
    session = open_session()
    mixes = [*({name: 1.0} for name in session.styles), {session.styles[0]: 0.6, session.styles[-1]: 0.4}]
    shown = []
    for mix in mixes:
        source, cartoonizer = DemoSource(), Cartoonizer(session, FaceFinder(), StageTimer())
        settings = cartoonizer.settings.patched({"style": format_mix(mix)}, cartoonizer.styles)
        for _ in range(30):
            frame = source.read()
            after = cartoonizer.process(frame.copy(), settings)
        shown.append(after)
    return np.hstack([image[:SHOWN_PX, SHOWN_LEFT_PX:][:, :SHOWN_PX] for image in (frame, *shown)])


def simplex_sheet() -> pixels.Image:
    """The demo's face in every mix of the first three styles in steps of a quarter; BGR, as a triangle on white."""
    session, frame = open_session(), DemoSource().read()
    size_px = session.size_px
    (face,) = FaceFinder().find(frame)
    crop = pixels.swap_red_blue(pixels.warp(frame, session.spec.framing.crop_matrix(face, size_px), size_px))
    sheet = np.full(((STEPS + 1) * size_px, (STEPS + 1) * size_px, 3), 255, np.uint8)
    for row in range(STEPS + 1):
        for column in range(row + 1):
            shares = np.array([STEPS - row, row - column, column], np.float32) / STEPS
            left_px = (STEPS - row) * size_px // 2 + column * size_px
            sheet[row * size_px :][:size_px, left_px:][:, :size_px] = styled(session, crop, shares)
    return pixels.swap_red_blue(sheet)


def styled(session: Session, image: pixels.Image, shares: np.ndarray) -> pixels.Image:
    """The cartoon of a crop in a mix, RGB."""
    session.set_style(np.pad(shares, (0, len(session.styles) - len(shares))))
    return session.run(image)


def unseen(model: Path, sources: list[str]) -> tuple[pixels.Image, list[pixels.Image]]:
    """Test photographs, drawn evenly over the sources, and a model's cartoons of them in each of its styles."""
    session = open_session(model)
    _, test = load_split(sources, session.size_px, 0.2)
    photos = draw(test, 2 * COLUMNS, seed=3).images
    corners = np.eye(len(session.styles), dtype=np.float32)
    return photos, [np.stack([styled(session, photo, shares) for photo in photos]) for shares in corners]


def write_sheet(path: Path, blocks: list[pixels.Image]) -> None:
    """Blocks of RGB pictures (n, height, width, 3), one under the other, each in rows of COLUMNS."""
    rows = [np.hstack(list(block[i : i + COLUMNS])) for block in blocks for i in range(0, len(block), COLUMNS)]
    path.write_bytes(pixels.encode_jpeg(pixels.swap_red_blue(np.vstack(rows)), 88))


if __name__ == "__main__":
    main()
