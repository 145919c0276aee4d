"""`toon-train score`: measures how near a generator's pictures come to its target domain."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.training.commands.stylize_command import painter
from facetoon.training.engine.backend import started_backend
from facetoon.training.flags.source_flags import add_sources, sources_of
from facetoon.training.flags.style_flags import add_vgg_weights

if TYPE_CHECKING:
    from facetoon.training.recipes.recipe import Recipe

HELP = "measure how near a generator's pictures come to its target domain"
DEFAULT_RECIPE = "anime_64"  # the recipe of the shipped models' anime teacher
SAW_CARTOONS = ("cyclegan", "pairs", "style")  # kinds of runs whose recipe says how cartoons are cropped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("places", nargs="*", type=Path, metavar="MODEL", help="run directory, .keras, .tflite or .onnx")
    parser.add_argument("--fakes", nargs="+", default=[], metavar="SOURCE", help="cartoons that another program made")
    add_sources(parser, "photos", "cartoons")
    parser.add_argument("--recipe", help="sets the crops (default: the recipe of the first run, else anime_64)")
    parser.add_argument("--set", action="append", metavar="KEY=VALUE", help="override one recipe key; repeatable")
    parser.add_argument("--direction", default="ab", choices=("ab", "ba"), help="ab: photographs to cartoons")
    parser.add_argument(
        "--style", default="", metavar="MIX", help="for a model with styles, such as anime:0.6,comic:0.4"
    )
    parser.add_argument("--all-cartoons", action="store_true", help="all cartoons, not only the test share")
    parser.add_argument("--encoder", type=Path, metavar="FILE", help=".keras or .onnx, instead of the packaged one")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="for scores.json and sheets (default: RUN/scores of a single run)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print picture counts and time; writes nothing")
    parser.add_argument("--baseline", nargs="+", type=Path, metavar="PICTURE", help="compare style transfer from these")
    add_vgg_weights(parser)


def run(arguments: argparse.Namespace) -> int:
    """Score every model and every folder of pictures, and return exit status 0."""
    if not arguments.places and not arguments.fakes:
        raise InputError("Give a run directory or model file to score, or --fakes with finished cartoons.")
    if arguments.baseline and not arguments.places:
        raise InputError("--baseline compares style transfer with models: give at least one.")
    sources = sources_of(arguments, "photos", "cartoons")
    with started_backend("tensorflow"):
        from facetoon.training.score import baseline, encoder_files, scoring
        from facetoon.training.score.translator import open_translator
    question = scoring.Question(
        **sources,
        recipe=_framing_recipe(arguments),
        direction=arguments.direction,
        all_cartoons=arguments.all_cartoons,
    )
    encode = encoder_files.open_encoder(arguments.encoder or encoder_files.PACKAGED)
    translators = [open_translator(place, arguments.direction, arguments.style) for place in arguments.places]
    out = arguments.out or _own_scores(arguments.places)
    if arguments.dry_run:
        lines = scoring.dry_run(question, translators, encode)
    elif arguments.baseline:
        lines = baseline.compare(question, translators, painter(arguments.baseline, arguments.vgg_weights), encode, out)
    else:
        lines = scoring.score_all(question, translators, arguments.fakes, encode, out)
    for line in lines:
        print(line, flush=True)
    if out and not arguments.dry_run:
        print(f"{out}: {'baseline.json and a sheet' if arguments.baseline else 'scores.json and contact sheets'}.")
    return 0


def _own_scores(places: list[Path]) -> Path | None:
    """Return the default folder for the scores of a single run; None for anything else."""
    return places[0] / "scores" if len(places) == 1 and places[0].is_dir() else None


def _framing_recipe(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe of --recipe, or of the first run that was trained on cartoons, or DEFAULT_RECIPE."""
    from facetoon.training.recipes.recipe import load_recipe
    from facetoon.training.runs.run_directory import RunDirectory

    if not arguments.recipe:
        for place in filter(Path.is_dir, arguments.places):
            recipe = RunDirectory(place).recipe(arguments.set or ())
            if recipe.kind in SAW_CARTOONS:
                print(f"Pictures are framed as in the training of {place}.")
                return recipe
    return load_recipe(arguments.recipe or DEFAULT_RECIPE, arguments.set)
