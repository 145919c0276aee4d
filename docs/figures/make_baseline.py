"""Makes docs/baseline.png: the packaged demo face, drawn in each way.

    python docs/figures/make_baseline.py --style anime.jpg --vgg-weights vgg19.npz --fast runs/fast --cyclegan runs/a

From left to right: photograph, style transfer, fast style transfer, CycleGAN, the shipped 64 px student.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import LIVE_MODELS, open_session
from facetoon.edge_runtime.sources.source import DemoSource
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.engine.backend import select_backend

OUT = Path(__file__).parents[1] / "baseline.png"
STUDENT, STYLE = LIVE_MODELS[-1], "anime"
SIZE_PX, SHOWN_PX = 64, 192


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the face in each way and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--style", type=Path, required=True, metavar="PICTURE", help="style of the style transfer")
    parser.add_argument("--vgg-weights", required=True, metavar="FILE", help="VGG19 weights, as for toon-train stylize")
    parser.add_argument("--fast", type=Path, required=True, metavar="RUN", help="a run of toon-train fast-style")
    parser.add_argument("--cyclegan", type=Path, required=True, metavar="RUN", help="a run of toon-train cyclegan")
    parser.add_argument("--steps", type=int, default=200, help="steps of the style transfer (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FILE.png", help="default: docs/baseline.png")
    arguments = parser.parse_args(argv)
    select_backend("tensorflow")  # before the first import of Keras
    from facetoon.training.score.translator import open_translators

    face = demo_face()[np.newaxis]
    columns = [face, transferred(face, arguments.style, arguments.vgg_weights, arguments.steps)]
    columns += [open_translators(run)[0].draw(face) for run in (arguments.fast, arguments.cyclegan)]
    columns.append(open_translators(STUDENT, style=STYLE)[0].draw(face))
    sheet = np.hstack([pixels.resize(images[0], SHOWN_PX, SHOWN_PX) for images in columns])
    write_whole(arguments.out, pixels.encode_png(sheet))


def demo_face() -> Image:
    """Cut the face of the demo's first frame as on the device; RGB uint8 (SIZE_PX, SIZE_PX, 3)."""
    frame = DemoSource().read()
    assert frame is not None
    (face,) = FaceFinder(1).find(frame)
    matrix = open_session(STUDENT).spec.framing.crop_matrix(face, SIZE_PX)
    return pixels.swap_red_blue(pixels.warp(frame, matrix, SIZE_PX))


def transferred(photos: Image, style: Path, vgg_weights: str, steps: int) -> Image:
    """Paint photographs in the style of a picture file, as `toon-train stylize` does; RGB uint8 (n, h, w, 3)."""
    from facetoon.training.networks.vgg_weights import load_weights
    from facetoon.training.stylize.style_settings import StyleSettings
    from facetoon.training.stylize.style_transfer import StyleTransfer

    picture = pixels.decode_image(style.read_bytes(), str(style))
    transfer = StyleTransfer(load_weights(vgg_weights), [picture], [], StyleSettings(steps=steps))
    return transfer.paint(photos, progress=False)


if __name__ == "__main__":
    main()
