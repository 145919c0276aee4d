"""`toon-train score`: measures how near a generator's pictures come to its target domain."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.command_line import add_picture_limit
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.commands.stylize_command import painter
from facetoon.training.engine.backend import started_backend
from facetoon.training.flags.foreign_facts import add_foreign_facts, foreign_facts
from facetoon.training.flags.source_flags import add_sources, sources_of
from facetoon.training.flags.style_flags import add_vgg_weights

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "measure how near a generator's pictures come to its target domain"
DEFAULT_RECIPE = "anime_64"  # holds out a fifth, as every recipe here


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    add_picture_limit(parser)
    parser.add_argument(
        "places", nargs="*", type=Path, metavar="MODEL", help="run directory, .keras, .tflite or .onnx, ours or not"
    )
    parser.add_argument("--fakes", nargs="+", default=[], metavar="SOURCE", help="cartoons that another program made")
    add_sources(parser, "photos", "cartoons")
    _add_choice(parser)
    _add_judge(parser)
    parser.add_argument(
        "--style", default="", metavar="MIX", help="such as anime:0.6,comic:0.4 (default: each style of a model)"
    )
    add_foreign_facts(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="for scores.json and a sheet (default: RUN/scores of a single run)"
    )
    parser.add_argument(
        "--sheet-photos", nargs="+", default=[], metavar="SOURCE", help="for the sheet, instead of judged photographs"
    )
    parser.add_argument("--dry-run", action="store_true", help="print picture counts and time; writes nothing")
    parser.add_argument("--baseline", nargs="+", type=Path, metavar="PICTURE", help="compare style transfer from these")
    add_vgg_weights(parser)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that choose pictures."""
    parser.add_argument("--names", type=Path, metavar="FILE", help="names of photographs, instead of the test share")
    parser.add_argument("--all-cartoons", action="store_true", help="all cartoons, not only the test share")
    parser.add_argument("--most", type=int, default=600, help="most pictures of each domain (default: %(default)s)")
    parser.add_argument("--size", type=int, default=256, metavar="PX", help="judge at this side (default: %(default)s)")
    parser.add_argument("--recipe", help="crop as in this recipe's training (default: the whole squares)")
    parser.add_argument("--set", action="append", metavar="KEY=VALUE", help="override one recipe key; repeatable")
    parser.add_argument("--direction", default="ab", choices=("ab", "ba"), help="ab: photographs to cartoons")


def _add_judge(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that choose the networks that judge."""
    parser.add_argument(
        "--features", choices=("mobilenet", "inception"), help="ImageNet features by Keras (default: mobilenet)"
    )
    parser.add_argument("--encoder", type=Path, metavar="FILE", help="instead: a .keras, .onnx or .tflite vector net")
    parser.add_argument("--encoder-range", metavar="LEAST..GREATEST", help="its input values of grey 0 and 255")
    parser.add_argument("--landmarks", type=Path, metavar="FILE", help="face mesh of 468 points: judge faces too")
    parser.add_argument("--segments", type=Path, metavar="FILE", help="face segments: judge skin and hair too")


def run(arguments: argparse.Namespace) -> int:
    """Score every model and every folder of pictures, and return exit status 0."""
    _check(arguments)
    sources = sources_of(arguments, "photos", "cartoons")
    facts_of = foreign_facts(arguments)
    encoder_range = ValueRange.parse(arguments.encoder_range) if arguments.encoder_range else None
    with started_backend("tensorflow"):
        from facetoon.training.score import baseline, question, scoring, translator, vector_nets
    asked = question.Question(
        **sources,
        recipe=_recipe(arguments),
        framed=bool(arguments.recipe),
        direction=arguments.direction,
        size_px=arguments.size,
        most=arguments.most,
        all_cartoons=arguments.all_cartoons,
        names=arguments.names,
    )
    if arguments.encoder:
        encoder = vector_nets.vector_net(arguments.encoder, encoder_range)
    else:
        encoder = vector_nets.imagenet_net(arguments.features or "mobilenet")
    translators = [
        opened
        for place in arguments.places
        for opened in translator.open_translators(
            place, arguments.direction, arguments.style, translator.ForeignFacts(**facts_of(place))
        )
    ]
    judging = scoring.Judging(encoder, arguments.landmarks, arguments.segments, tuple(arguments.sheet_photos))
    out = arguments.out or _own_scores(arguments.places)
    if arguments.dry_run:
        lines = scoring.dry_run(asked, translators, judging)
    elif arguments.baseline:
        lines = baseline.compare(asked, translators, painter(arguments.baseline, arguments.vgg_weights), encoder, out)
    else:
        lines = scoring.score_all(asked, translators, arguments.fakes, judging, out)
    for line in lines:
        print(line, flush=True)
    if out and not arguments.dry_run:
        print(f"{out}: {'baseline.json' if arguments.baseline else 'scores.json'} and a sheet.")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Raise InputError for flags that do not fit together."""
    if not arguments.places and not arguments.fakes:
        raise InputError("Give a run directory or model file to score, or --fakes with finished cartoons.")
    if arguments.baseline and not arguments.places:
        raise InputError("--baseline compares style transfer with models: give at least one.")
    if arguments.features and arguments.encoder:
        raise InputError("Give --features, or --encoder with a file, but not both.")
    if arguments.encoder_range and not arguments.encoder:
        raise InputError("--encoder-range is the range of a file: give --encoder too.")
    if arguments.out and arguments.out.is_file():
        raise InputError(f"{arguments.out} is a file; --out needs a folder.")
    if arguments.most < 1 or not 32 <= arguments.size <= 1024:
        raise InputError(f"--most {arguments.most} must be 1 or more, and --size {arguments.size} from 32 to 1024 px.")


def _own_scores(places: list[Path]) -> Path | None:
    """Return the default folder for the scores of a single run; None for anything else."""
    return places[0] / "scores" if len(places) == 1 and places[0].is_dir() else None


def _recipe(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe of --recipe, or of the first run, or DEFAULT_RECIPE: it says which pictures training saw."""
    from facetoon.training.recipes.recipe import load_recipe
    from facetoon.training.runs.run_directory import RunDirectory

    if not arguments.recipe:
        for place in filter(Path.is_dir, arguments.places):
            if (run := RunDirectory(place)).exists:
                return run.recipe(arguments.set or ())
    return load_recipe(arguments.recipe or DEFAULT_RECIPE, arguments.set)
