"""toon-train: prepare pictures, train a CycleGAN between photographs and cartoons, distil the generator that ships."""

from __future__ import annotations

import argparse
import sys

from facetoon.edge_runtime.command_line import Program
from facetoon.training.commands import (
    cyclegan_command,
    distill_command,
    draw_command,
    fast_style_command,
    pairs_command,
    prepare_command,
    score_command,
    sharpen_command,
    style_command,
    stylize_command,
    tracker_command,
)

EXAMPLES = """examples:
  toon-train prepare --photos holiday/ --cartoons anime.zip --out dataset
  toon-train cyclegan --dataset dataset --run runs/anime
  toon-train cyclegan --recipe face_toon_64 --photos faces/ --cartoons anime.zip --run runs/anime
  toon-train cyclegan --recipe anime_64 --photos 'faces.zip#lfw_*' 'faces.zip#selfie_*' --cartoons anime/ --run runs/a
  toon-train draw --style toon --photos faces/ --out pairs
  toon-train pairs --pairs 'comics.zip#v1/*' --photos faces/ --run runs/comic
  toon-train sharpen --teacher runs/anime --cartoons anime/ --photos faces/ --run runs/anime_128
  toon-train distill --recipe distill_64 --teacher runs/anime --photos faces/ --run runs/student
  toon-train style --student runs/student --cartoons mine/ --name mine --run runs/mine
  toon-train stylize --content me.jpg --style a.png b.png --style-weights 2 1 --strength 0.7 --out painted.png
  toon-train score runs/anime --photos faces/ --cartoons anime/
  toon-train fast-style --style a.png --photos faces/ --run runs/fast
"""

PROGRAM = Program(
    "toon-train",
    __doc__,
    EXAMPLES,
    {
        "cyclegan": cyclegan_command,
        "pairs": pairs_command,
        "sharpen": sharpen_command,
        "distill": distill_command,
        "style": style_command,
        "fast-style": fast_style_command,
        "tracker": tracker_command,
        "stylize": stylize_command,
        "score": score_command,
        "draw": draw_command,
        "prepare": prepare_command,
    },
    extras={"keras": "train", "tensorflow": "train", "tensorboardX": "train", "onnx": "train", "jax": "jax"},
    interrupted="interrupted; repeat the command to continue.",
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of toon-train's command line."""
    return PROGRAM.parser()


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status: 0 on success, 2 on bad input, 130 when interrupted."""
    return PROGRAM.main(argv)


if __name__ == "__main__":
    sys.exit(main())
