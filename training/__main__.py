"""toon-train: prepare pictures, train a CycleGAN between photographs and cartoons, distil the generator that ships."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetoon.edge_runtime.errors import InputError
from facetoon.training.commands import new_style_command, score_command, stylize_command

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

EXAMPLES = """examples:
  toon-train prepare --photos holiday/ --cartoons anime.zip --out dataset
  toon-train cyclegan --dataset dataset --run runs/anime
  toon-train cyclegan --recipe face_toon_64 --photos faces/ --cartoons anime.zip --run runs/anime
  toon-train cyclegan --recipe anime_64 --photos 'faces.zip#lfw_*' 'faces.zip#selfie_*' --cartoons anime/ --run runs/a
  toon-train pairs --pairs 'comics.zip#v1/*' --photos faces/ --run runs/comic
  toon-train sharpen --teacher runs/anime --cartoons anime/ --photos faces/ --run runs/anime_128
  toon-train distill --recipe distill_64 --teacher runs/anime --photos faces/ --run runs/student
  toon-train style --student runs/student --cartoons mine/ --name mine --run runs/mine
  toon-train stylize --content me.jpg --style a.png b.png --style-weights 2 1 --strength 0.7 --out painted.png
  toon-train score runs/anime --photos faces/ --cartoons anime/
  toon-train fast-style --style a.png --photos faces/ --run runs/fast
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line of toon-train."""
    parser = argparse.ArgumentParser(
        prog="toon-train", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    cyclegan = commands.add_parser("cyclegan", help="train a CycleGAN between two folders of pictures")
    pairs = commands.add_parser("pairs", help="train a generator on aligned pairs, with photographs beside them")
    sharpen = commands.add_parser("sharpen", help="train a network that draws a teacher's cartoons again, larger")
    distill = commands.add_parser("distill", help="train the small generator on what a teacher makes of photographs")
    style = commands.add_parser("style", help="teach a student of several styles one more, from some 50 cartoons")
    fast_style = commands.add_parser(
        "fast-style", help="train a feed-forward network for one style (the baseline, live)"
    )
    encoder = commands.add_parser("encoder", help="train the encoder that score looks through")
    recipes = {
        cyclegan: "face_toon_64",
        pairs: "comic_64",
        sharpen: "sharpen_128",
        distill: "distill_64",
        style: "style",
        fast_style: "fast_style_64",
        encoder: "encoder_64",
    }
    for command, recipe in recipes.items():
        _add_run(command, recipe)
        if command is not encoder:
            command.add_argument(
                "--dataset", metavar="DIR", help="trainA, testA (and B), as toon-train prepare makes it"
            )
            command.add_argument("--photos", nargs="+", metavar="SOURCE", help="instead: folders or zips, '#pattern'")
    for command in (cyclegan, pairs, distill):
        command.add_argument("--init", type=Path, help="a run or .keras file whose networks a new run begins with")
    encoder.add_argument(
        "--pictures", nargs="+", required=True, metavar="SOURCE", help="folders or zips, '#pattern': a kind each"
    )
    tracker = commands.add_parser("tracker", help="train the face tracker that toon-live follows faces with")
    tracker.add_argument("--photos", nargs="+", required=True, metavar="SOURCE", help="pictures that a face fills")
    tracker.add_argument("--wide-photos", nargs="+", required=True, metavar="SOURCE", help="pictures with surroundings")
    tracker.add_argument(
        "--detector", type=Path, required=True, help="YuNet, the detector that labels the faces, as ONNX"
    )
    tracker.add_argument("--out", type=Path, required=True, metavar="FILE.tflite")
    tracker.add_argument("--steps", type=int, default=4000, help="default: %(default)s")
    tracker.add_argument("--seed", type=int, default=1)
    for command in (cyclegan, sharpen):
        command.add_argument("--cartoons", nargs="+", metavar="SOURCE", help="instead: folders or zips, '#pattern'")
    sharpen.add_argument("--teacher", type=Path, required=True, metavar="RUN", help="of a CycleGAN, half the size")
    pairs.add_argument(
        "--pairs",
        nargs="+",
        required=True,
        metavar="SOURCE",
        help="folders or zips of NN_face and NN_comic, '#pattern'",
    )
    distill.add_argument(
        "--teacher",
        action="append",
        required=True,
        metavar="RUN",
        help="a run directory or .keras file; NAME=RUN, repeated, for a student of several styles",
    )
    new_style_command.add_new_style(style)
    stylize_command.add_style(fast_style)
    stylize_command.add_stylize(commands.add_parser("stylize", help="paint photographs in a cartoon's style (VGG19)"))
    score_command.add_score(
        commands.add_parser("score", help="how near a generator's pictures come to its target domain")
    )
    _add_prepare(commands.add_parser("prepare", help="turn folders of pictures into a clean, split data set"))
    return parser


def _add_run(command: argparse.ArgumentParser, recipe: str) -> None:
    """What every command with a run directory takes."""
    command.add_argument("--recipe", default=recipe, help="packaged name or .toml file (default: %(default)s)")
    command.add_argument("--set", action="append", metavar="KEY=VALUE", help="override one recipe key; repeatable")
    command.add_argument("--run", type=Path, help="run directory; one that exists is resumed")
    command.add_argument("--dry-run", action="store_true", help="measure what it costs here; writes nothing")
    command.add_argument("--backend", default="tensorflow", choices=("tensorflow", "jax"))
    command.add_argument("--coordinator", metavar="HOST:PORT", help="where worker 0 waits for the others (JAX)")
    command.add_argument("--workers", type=int, default=1, help="processes that share every batch")
    command.add_argument("--worker", type=int, default=0, help="which of them this is, from 0")


def _add_prepare(prepare: argparse.ArgumentParser) -> None:
    prepare.add_argument("--photos", nargs="+", default=[], metavar="SOURCE", help="folders or zips, '#pattern'")
    prepare.add_argument("--cartoons", nargs="+", default=[], metavar="SOURCE", help="folders or zips, '#pattern'")
    prepare.add_argument("--out", type=Path, metavar="DIR", help="the data set; one that exists is continued")
    prepare.add_argument(
        "--check", metavar="DATASET", help="judge an existing layout; --out then gets the report alone"
    )
    prepare.add_argument(
        "--recipe", default="face_toon_64", help="whose [prepare] section holds (default: %(default)s)"
    )
    prepare.add_argument("--set", action="append", metavar="KEY=VALUE", help="override a key: prepare.faces=all")
    prepare.add_argument("--framing-of", type=Path, metavar="MODEL", help="frame faces as this .tflite expects them")
    prepare.add_argument("--detector", default="device", choices=("device", "yunet", "cascade"), help="for photographs")
    prepare.add_argument("--detector-model", type=Path, metavar="FILE", help="YuNet's .onnx or the cascade's .xml")
    prepare.add_argument("--cartoon-detector", type=Path, metavar="FILE", help="cut faces out of cartoons with it")
    prepare.add_argument("--jobs", type=int, help="processes (default: one for each core)")


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 on success, 2 on bad input, 130 when interrupted."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = build_parser().parse_args(argv)
    arguments.argv = argv
    try:
        run = {
            "tracker": _tracker,
            "prepare": _prepare,
            "score": _score,
            "stylize": stylize_command.run_stylize,
        }.get(arguments.command, _train)
        return run(arguments)
    except InputError as error:
        print(f"toon-train: {error}", file=sys.stderr)
        return 2
    except FloatingPointError as error:
        print(f"toon-train: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("toon-train: interrupted; the same command goes on where it was.", file=sys.stderr)
        return 130


def _train(arguments: argparse.Namespace) -> int:
    from facetoon.training.engine import cluster
    from facetoon.training.engine.backend import select_backend
    from facetoon.training.recipes.recipe import load_recipe

    if not arguments.run and not arguments.dry_run:
        raise InputError("Give --run DIR, the run directory, or --dry-run.")
    beneath = new_style_command.read_student(arguments.student).sections if arguments.command == "style" else None
    recipe = load_recipe(arguments.recipe, arguments.set, beneath)
    if recipe.kind != arguments.command:
        raise InputError(f"The recipe {arguments.recipe} is for toon-train {recipe.kind}, not {arguments.command}.")
    if arguments.workers > 1:
        if arguments.backend != "jax" or not arguments.coordinator:
            raise InputError("Several workers need --backend jax and --coordinator HOST:PORT.")
        if cluster.SUPERVISED not in os.environ:
            return cluster.supervise(arguments.argv)
        cluster.end_with_supervisor()
    select_backend(arguments.backend)
    try:
        from facetoon.training.runs.loop import train
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'facetoon[train]' brings it.") from None
    if arguments.workers > 1:
        cluster.join(arguments.coordinator, arguments.workers, arguments.worker)
    cluster.spread()
    build, sources, provenance = _job(arguments, recipe)
    if arguments.dry_run:
        from facetoon.training.runs.dry_run import dry_run

        for line in dry_run(recipe, sources, build):
            print(line, flush=True)
        return 0
    part = (arguments.worker, arguments.workers)
    with cluster.last_words(arguments.run) if arguments.workers > 1 else nullcontext():
        train(recipe, arguments.run, sources, build, provenance, part, getattr(arguments, "init", None))
    print(f"{arguments.run}: {recipe.steps} steps done.")
    return 0


def _job(
    arguments: argparse.Namespace, recipe: Recipe
) -> tuple[Callable[..., Any], dict[str, list[str]], dict[str, Any]]:
    """What builds the trainer, its sources, and what else identifies the run."""
    from facetoon.training.runs.checkpoint import generator_digest

    init = getattr(arguments, "init", None)
    provenance: dict[str, Any] = {"init_sha256": generator_digest(init)} if init else {}
    if arguments.command == "distill":
        from facetoon.training.trainers.distill import Distillation

        teachers = _teachers(arguments.teacher)
        told = dict(provenance)
        for name, run in teachers.items():
            told[f"teacher_{name}_sha256" if name else "teacher_sha256"] = generator_digest(run)
        if len(teachers) > 1:
            told["styles"] = list(teachers)  # in this order they are the model's style input
        return partial(Distillation, teachers=teachers), _sources(arguments, "photos"), told
    if arguments.command == "sharpen":
        from facetoon.training.trainers.sharpen import Sharpening

        told = {"teacher_sha256": generator_digest(arguments.teacher)}
        return partial(Sharpening, teacher=arguments.teacher), _sources(arguments, "cartoons", "photos"), told
    if arguments.command == "encoder":
        from facetoon.training.trainers.encoder import EncoderTraining

        return partial(EncoderTraining, sources=len(arguments.pictures)), {"pictures": arguments.pictures}, {}
    if arguments.command == "style":
        build, provenance = new_style_command.new_style(arguments, recipe)
        if not arguments.photos and not arguments.dataset:
            arguments.photos = new_style_command.read_student(arguments.student).photos
        return build, _sources(arguments, "photos", "cartoons"), provenance
    if arguments.command == "fast-style":
        build, provenance = stylize_command.fast_style(arguments, recipe)
        return build, _sources(arguments, "photos"), provenance
    if arguments.command == "cyclegan":
        from facetoon.training.trainers.cyclegan import CycleGAN

        return CycleGAN, _sources(arguments, "photos", "cartoons"), provenance
    from facetoon.training.trainers.paired import PairedTranslation

    photos = _sources(arguments, "photos") if arguments.photos or arguments.dataset else {}
    return PairedTranslation, {"pairs": arguments.pairs, **photos}, provenance


def _teachers(given: list[str]) -> dict[str, Path]:
    """Runs by style name; one alone needs no name."""
    if len(given) == 1:
        return {"": Path(given[0])}
    teachers = {name: Path(run) for name, _, run in (one.partition("=") for one in given)}
    named = all("=" in one and re.fullmatch("[a-z][a-z0-9_-]*", one.partition("=")[0]) for one in given)
    if len(teachers) < len(given) or not named:
        raise InputError("Several teachers are given as --teacher NAME=RUN, each name once, in small letters.")
    return teachers


def _sources(arguments: argparse.Namespace, *domains: str) -> dict[str, list[str]]:
    """For each domain the folders and zips it was given, or the part of the data set that holds it."""
    given = {domain: getattr(arguments, domain) for domain in domains}
    options = " and ".join(f"--{domain}" for domain in domains)
    if arguments.dataset and any(given.values()):
        raise InputError(f"Give --dataset, or {options}, but not both.")
    if not arguments.dataset and not all(given.values()):
        raise InputError(f"The pictures are missing: give --dataset DIR, or {options}.")
    parts = {"photos": "A", "cartoons": "B"}
    if arguments.dataset:
        return {domain: [f"{arguments.dataset}#dataset-{parts[domain]}"] for domain in domains}
    return given


def _prepare(arguments: argparse.Namespace) -> int:
    from facetoon.training.prepare import layout_check, preparation
    from facetoon.training.prepare.crop_pool import CropSetup
    from facetoon.training.recipes.recipe import load_recipe

    settings = load_recipe(arguments.recipe, arguments.set).prepare
    if arguments.framing_of:
        settings = preparation.framed_for(settings, arguments.framing_of)
    detectors = (arguments.detector, arguments.detector_model, arguments.cartoon_detector)
    if arguments.jobs is not None and arguments.jobs < 1:
        raise InputError(f"--jobs must be 1 or more, not {arguments.jobs}.")
    jobs = arguments.jobs or os.cpu_count() or 1
    if arguments.check:
        if arguments.photos or arguments.cartoons:
            raise InputError("--check takes the pictures from the data set: leave out --photos and --cartoons.")
        rows = layout_check.check(arguments.check, CropSetup(settings, *detectors, framed=True), jobs, arguments.out)
        print(
            "\n".join(line for line in (preparation.summary(rows), layout_check.framing_line(rows, settings)) if line)
        )
        return 1 if any(row.reason for row in rows) else 0
    if not arguments.out or not (arguments.photos or arguments.cartoons):
        raise InputError("Give --photos or --cartoons, or both, and --out; or --check DATASET.")
    sources = preparation.Sources(arguments.photos, arguments.cartoons)
    print(preparation.summary(preparation.prepare(sources, arguments.out, CropSetup(settings, *detectors), jobs)))
    print(f"{arguments.out}/report.html shows what was kept and what was not.")
    return 0


def _score(arguments: argparse.Namespace) -> int:
    score_command.check(arguments)
    return score_command.run(arguments, _sources(arguments, "photos", "cartoons"))


def _tracker(arguments: argparse.Namespace) -> int:
    from facetoon.training.engine.backend import select_backend

    select_backend("tensorflow")  # it ends with a TFLite file
    try:
        from facetoon.training.trainers.tracker_training import train_tracker
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'facetoon[train]' brings it.") from None
    errors = train_tracker(
        arguments.photos, arguments.wide_photos, arguments.detector, arguments.out, arguments.steps, arguments.seed
    )
    print(f"{arguments.out}: " + ", ".join(f"{name} {value:.2f}" for name, value in errors.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
