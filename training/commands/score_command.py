"""`toon-train score` at the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.training.commands import stylize_command

if TYPE_CHECKING:
    from facetoon.training.pictures.data_source import DataSource
    from facetoon.training.recipes.recipe import Recipe


def add_score(score: argparse.ArgumentParser) -> None:
    """The options of `toon-train score`."""
    score.add_argument("places", nargs="*", type=Path, metavar="MODEL", help="run directory, .keras, .tflite or .onnx")
    score.add_argument("--fakes", nargs="+", default=[], metavar="SOURCE", help="cartoons made already, by anything")
    score.add_argument("--dataset", metavar="DIR", help="trainA, testA, trainB, testB, as toon-train prepare makes it")
    score.add_argument("--photos", nargs="+", metavar="SOURCE", help="instead: folders or zips, '#pattern'")
    score.add_argument("--cartoons", nargs="+", metavar="SOURCE", help="instead: folders or zips, '#pattern'")
    score.add_argument("--recipe", help="how pictures are cropped (default: as the first run did, else anime_64)")
    score.add_argument("--set", action="append", metavar="KEY=VALUE", help="override one recipe key; repeatable")
    score.add_argument("--direction", default="ab", choices=("ab", "ba"), help="ab: photographs to cartoons")
    score.add_argument("--style", default="", metavar="MIX", help="of a model with styles, such as anime:0.6,comic:0.4")
    score.add_argument("--all-cartoons", action="store_true", help="not the test share alone: where there are few")
    score.add_argument("--encoder", type=Path, metavar="FILE", help=".keras or .onnx, instead of the packaged one")
    score.add_argument(
        "--out", type=Path, metavar="DIR", help="of scores.json and sheets (default: MODEL/scores of a run)"
    )
    score.add_argument("--dry-run", action="store_true", help="count pictures and time; writes nothing")
    score.add_argument("--baseline", nargs="+", type=Path, metavar="PICTURE", help="beside style transfer from these")
    stylize_command.add_vgg_weights(score)


def check(arguments: argparse.Namespace) -> None:
    """Raise InputError when there is nothing to score."""
    if not arguments.places and not arguments.fakes:
        raise InputError("Give a run directory or model file to score, or --fakes with pictures made already.")
    if arguments.baseline and not arguments.places:
        raise InputError("--baseline compares style transfer with models: give at least one.")


def run(arguments: argparse.Namespace, sources: dict[str, list[DataSource]]) -> int:
    """Score what the arguments name, on the pictures of `sources` ("photos", "cartoons"); 0."""
    from facetoon.training.engine.backend import select_backend

    places, fakes = arguments.places, arguments.fakes
    select_backend("tensorflow")
    try:
        from facetoon.training.score import encoder_files, scoring
        from facetoon.training.score.translator import open_translator
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'facetoon[train]' brings it.") from None
    recipe = _framing_recipe(arguments)
    question = scoring.Question(
        **sources, recipe=recipe, direction=arguments.direction, all_cartoons=arguments.all_cartoons
    )
    encode = encoder_files.open_encoder(arguments.encoder or encoder_files.PACKAGED)
    translators = [open_translator(place, arguments.direction, arguments.style) for place in places]
    out = arguments.out or (places[0] / "scores" if len(places) == 1 and places[0].is_dir() else None)
    if arguments.dry_run:
        lines = scoring.dry_run(question, translators, encode)
    elif arguments.baseline:
        from facetoon.training.score.baseline import compare

        painter = stylize_command.painter(arguments.baseline, arguments.vgg_weights)
        lines = compare(question, translators, painter, encode, out)
    else:
        lines = scoring.score_all(question, translators, fakes, encode, out)
    for line in lines:
        print(line, flush=True)
    if out and not arguments.dry_run:
        print(f"{out}: {'baseline.json and a sheet' if arguments.baseline else 'scores.json and contact sheets'}.")
    return 0


def _framing_recipe(arguments: argparse.Namespace) -> Recipe:
    """The recipe asked for, or that of the first run that was trained on these domains, or the shipped model's."""
    from facetoon.training.recipes.recipe import load_recipe
    from facetoon.training.runs.run_directory import RunDirectory

    if not arguments.recipe:
        for place in filter(Path.is_dir, arguments.places):
            recipe = RunDirectory(place).recipe(arguments.set or ())
            if recipe.kind in ("cyclegan", "pairs", "style"):  # others saw no cartoons, so cannot say how to crop them
                print(f"Pictures are framed as those of {place} were.")
                return recipe
    return load_recipe(arguments.recipe or "anime_64", arguments.set)
