"""Make docs/baseline.png: the packaged demo face as each way of drawing has it, from left to right photograph, style
transfer, fast style transfer, CycleGAN, the shipped 64 px student.

    python docs/figures/make_baseline.py --style anime.jpg --vgg-weights vgg19.npz --fast runs/fast --cyclegan runs/anime
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.sessions.session import LIVE_MODELS, open_session
from facetoon.edge_runtime.sources.source import DemoSource
from facetoon.training.engine.backend import select_backend

SIZE_PX, SHOWN_PX = 64, 192


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--style", "--fast", "--cyclegan"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--vgg-weights", required=True)
    arguments = parser.parse_args()
    select_backend("tensorflow")
    from facetoon.training.commands.stylize_command import painter
    from facetoon.training.score.translator import open_translator

    face = demo_face()[np.newaxis]
    drawn = [face, painter([arguments.style], arguments.vgg_weights).paint(face, progress=False)]
    drawn += [open_translator(place, "ab").draw(face) for place in (arguments.fast, arguments.cyclegan)]
    drawn.append(open_translator(LIVE_MODELS[1], "ab", "anime").draw(face))
    sheet = np.hstack([pixels.resize(images[0], SHOWN_PX, SHOWN_PX) for images in drawn])
    (Path(__file__).parents[1] / "baseline.png").write_bytes(pixels.encode_png(sheet))


def demo_face() -> pixels.Image:
    """The face of the demo's first frame, cut as on the device."""
    frame = DemoSource().read()
    (face,) = FaceFinder(1).find(frame)
    matrix = open_session(LIVE_MODELS[1]).spec.framing.crop_matrix(face, SIZE_PX)
    return pixels.swap_red_blue(pixels.warp(frame, matrix, SIZE_PX))


if __name__ == "__main__":
    main()
