"""toon-train: train a CycleGAN between photographs and cartoons, distil the generator that ships; or a face tracker."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from edge_runtime.errors import InputError

EXAMPLES = """examples:
  toon-train cyclegan --recipe face_toon_64 --photos faces/ --cartoons anime.zip --run runs/anime
  toon-train cyclegan --recipe anime_64 --photos 'faces.zip#lfw_*' 'faces.zip#selfie_*' --cartoons anime/ --run runs/a
  toon-train distill --recipe distill_64 --teacher runs/anime --photos faces/ --run runs/student
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line of toon-train."""
    parser = argparse.ArgumentParser(
        prog="toon-train", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    cyclegan = commands.add_parser("cyclegan", help="train a CycleGAN between two folders of pictures")
    distill = commands.add_parser("distill", help="train the small generator on what a teacher makes of photographs")
    for command, recipe in ((cyclegan, "face_toon_64"), (distill, "distill_64")):
        command.add_argument("--recipe", default=recipe, help="packaged name or .toml file (default: %(default)s)")
        command.add_argument("--set", action="append", metavar="KEY=VALUE", help="override one recipe key; repeatable")
        command.add_argument("--run", type=Path, required=True, help="run directory; one that exists is resumed")
        command.add_argument("--photos", nargs="+", required=True, metavar="SOURCE", help="folders or zips, '#pattern'")
        command.add_argument("--backend", default="tensorflow", choices=("tensorflow", "jax"))
    tracker = commands.add_parser("tracker", help="train the face tracker that toon-live follows faces with")
    tracker.add_argument("--photos", nargs="+", required=True, metavar="SOURCE", help="pictures that a face fills")
    tracker.add_argument("--wide-photos", nargs="+", required=True, metavar="SOURCE", help="pictures with surroundings")
    tracker.add_argument(
        "--detector", type=Path, required=True, help="YuNet, the detector that labels the faces, as ONNX"
    )
    tracker.add_argument("--out", type=Path, required=True, metavar="FILE.tflite")
    tracker.add_argument("--steps", type=int, default=4000, help="default: %(default)s")
    tracker.add_argument("--seed", type=int, default=1)
    cyclegan.add_argument("--cartoons", nargs="+", required=True, metavar="SOURCE", help="folders or zips, '#pattern'")
    distill.add_argument("--teacher", type=Path, required=True, help="the teacher's run directory")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 on success, 2 on bad input, 130 when interrupted."""
    arguments = build_parser().parse_args(argv)
    try:
        return _tracker(arguments) if arguments.command == "tracker" else _train(arguments)
    except InputError as error:
        print(f"toon-train: {error}", file=sys.stderr)
        return 2
    except FloatingPointError as error:
        print(f"toon-train: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("toon-train: interrupted; the same command goes on from the last checkpoint.", file=sys.stderr)
        return 130


def _train(arguments: argparse.Namespace) -> int:
    from training.backend import select_backend
    from training.config import load_recipe

    recipe = load_recipe(arguments.recipe, arguments.set)
    if recipe.kind != arguments.command:
        raise InputError(f"The recipe {arguments.recipe} is for toon-train {recipe.kind}, not {arguments.command}.")
    select_backend(arguments.backend)
    try:
        from training.run import train
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'facetoon[train]' brings it.") from None
    if arguments.command == "cyclegan":
        from training.cyclegan import CycleGAN

        train(recipe, arguments.run, {"photos": arguments.photos, "cartoons": arguments.cartoons}, CycleGAN)
    else:
        from training.distill import Distillation, teacher_digest

        provenance = {"teacher_sha256": teacher_digest(arguments.teacher)}
        build = partial(Distillation, teacher=arguments.teacher)
        train(recipe, arguments.run, {"photos": arguments.photos}, build, provenance)
    print(f"{arguments.run}: {recipe.steps} steps done.")
    return 0


def _tracker(arguments: argparse.Namespace) -> int:
    from training.backend import select_backend

    select_backend("tensorflow")  # it ends with a TFLite file
    try:
        from training.tracker import train_tracker
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'facetoon[train]' brings it.") from None
    errors = train_tracker(
        arguments.photos, arguments.wide_photos, arguments.detector, arguments.out, arguments.steps, arguments.seed
    )
    print(f"{arguments.out}: " + ", ".join(f"{name} {value:.2f}" for name, value in errors.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
