"""Compares the training speed of the CycleGAN of face_toon_64 with plain PyTorch: same networks, batch, losses, cores.

    python docs/figures/pytorch/compare_pytorch.py --torch-python /path/to/venv/bin/python

Rounds alternate between the kit and pytorch_cyclegan.py. Each measurement has its own process, because both frameworks
take all cores. The pictures are random.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from facetoon.training.engine.backend import select_backend

PYTORCH = Path(__file__).with_name("pytorch_cyclegan.py")
RECIPE = "face_toon_64"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the rounds and print the rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has torch (default: this one)")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=12, help="measured steps (default: %(default)s)")
    parser.add_argument("--warm-up", type=int, default=3, help="steps before the measurement (default: %(default)s)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change the recipe for both sides"
    )
    parser.add_argument("--kit-alone", action="store_true", help="print the kit's steps a second, as JSON")
    arguments = parser.parse_args(argv)
    if arguments.kit_alone:
        print(json.dumps(kit_rate(arguments.set, arguments.steps, arguments.warm_up)))
        return
    if subprocess.run([arguments.torch_python, "-c", "import torch"], capture_output=True).returncode:
        sys.exit(f"{arguments.torch_python} has no torch: name a Python that has it with --torch-python.")
    compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """Alternate between both sides, and print pairs a second."""
    from facetoon.training.recipes.recipe import load_recipe

    recipe = load_recipe(RECIPE, arguments.set)
    timing = ["--steps", str(arguments.steps), "--warm-up", str(arguments.warm_up)]
    values = [text for value in arguments.set for text in ("--set", value)]
    sizes = {
        "size": recipe.data.size_px,
        "batch": recipe.batch_size,
        "filters": recipe.generator.filters,
        "blocks": recipe.generator.blocks,
        "patch-filters": recipe.discriminator.filters,
    }
    commands = {
        "kit": [sys.executable, __file__, "--kit-alone", *timing, *values],
        "pytorch": [arguments.torch_python, str(PYTORCH), *timing, *(f"--{k}={v}" for k, v in sizes.items())],
    }
    rates: dict[str, list[float]] = {side: [] for side in commands}
    for _ in range(arguments.rounds):
        for side, command in commands.items():
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rates[side].append(json.loads(done.stdout.splitlines()[-1]) * recipe.batch_size)
    for side, pairs in rates.items():
        print(f"{side}: {statistics.median(pairs):.2f} pairs/s (least {min(pairs):.2f}, most {max(pairs):.2f})")
    ratios = [kit / pytorch for kit, pytorch in zip(rates["kit"], rates["pytorch"], strict=True)]
    print(f"kit / pytorch: median {statistics.median(ratios):.2f} (least {min(ratios):.2f}, most {max(ratios):.2f})")


def kit_rate(values: list[str], steps: int, warm_up: int) -> float:
    """Measure the kit's steps a second, compiled, with EMA and image pool. `values` are KEY=VALUE of the recipe."""
    select_backend("tensorflow")  # before the first import of Keras
    import numpy as np

    from facetoon.training.recipes.recipe import load_recipe
    from facetoon.training.trainers.cyclegan_trainer import CycleGAN

    recipe = load_recipe(RECIPE, values)
    model, random = CycleGAN(recipe), np.random.default_rng(1)
    shape = (2, recipe.batch_size, recipe.data.size_px, recipe.data.size_px, 3)
    a, b = random.uniform(-1, 1, shape).astype("float32")
    for index in range(warm_up):
        model.step(index, a, b)
    start_s = time.perf_counter()
    for index in range(steps):
        model.step(index, a, b)
    return steps / (time.perf_counter() - start_s)


if __name__ == "__main__":
    main()
