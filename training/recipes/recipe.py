"""A recipe: all settings of a run, as frozen dataclasses read from TOML. Unknown keys and bad values are refused."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.training.recipes.bounds import Count, OneOf, Range
from facetoon.training.recipes.parts import (
    ComputeRecipe,
    DataRecipe,
    DiscriminatorRecipe,
    DistillRecipe,
    FastStyleRecipe,
    GeneratorRecipe,
    HoldRecipe,
    LossRecipe,
    NewStyleRecipe,
    OptimizerRecipe,
    PairsRecipe,
    PrepareRecipe,
    StartRecipe,
    StudentRecipe,
)
from facetoon.training.recipes.sections import apply_override, build

RECIPES = Path(__file__).parent
KINDS = ("cyclegan", "pairs", "sharpen", "distill", "style", "fast-style")
"""The commands of toon-train that have a run directory."""


@dataclass(frozen=True)
class Recipe:
    """All settings of a run."""

    kind: Annotated[str, OneOf(KINDS)] = "cyclegan"
    seed: Annotated[int, Range(0, 2**32 - 1)] = 1
    steps: Count = 20_000
    batch_size: Count = 8
    checkpoint_every: Count = 500  # steps
    sample_every: Count = 500
    keep_checkpoints: Count = 2
    best_metric: str = ""  # the held-out metric, lower is better, that chooses best/; empty: the kind's first metric
    # Place of the face in training's crops, zoom included. The model file carries it to the live crop.
    framing: Framing = field(default_factory=Framing)
    data: DataRecipe = field(default_factory=DataRecipe)
    generator: GeneratorRecipe = field(default_factory=GeneratorRecipe)
    discriminator: DiscriminatorRecipe = field(default_factory=DiscriminatorRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)
    hold: HoldRecipe = field(default_factory=HoldRecipe)
    start: StartRecipe = field(default_factory=StartRecipe)
    optimizer: OptimizerRecipe = field(default_factory=OptimizerRecipe)
    compute: ComputeRecipe = field(default_factory=ComputeRecipe)
    pairs: PairsRecipe = field(default_factory=PairsRecipe)
    student: StudentRecipe = field(default_factory=StudentRecipe)
    distill: DistillRecipe = field(default_factory=DistillRecipe)
    fast_style: FastStyleRecipe = field(default_factory=FastStyleRecipe)
    """For `toon-train fast-style` alone; not a part of other runs' identity."""
    new_style: NewStyleRecipe = field(default_factory=NewStyleRecipe)
    """For `toon-train style` alone; not a part of other runs' identity."""
    prepare: PrepareRecipe = field(default_factory=PrepareRecipe)
    """For `toon-train prepare` alone; not a part of a run's identity."""

    def picture_px(self, step: int) -> int:
        """Return the side of the pictures that a step trains on."""
        in_windows = self.distill.window_px and step < self.distill.whole_from * self.steps
        return self.distill.window_px if in_windows else self.data.size_px

    def dealt(self, teachers: int) -> list[int]:
        """Return the teacher's number, from 0, for each picture of a batch. Raises InputError for unusable shares."""
        try:
            parts = [int(part) for part in self.distill.shares.split()] or [1] * teachers
        except ValueError:
            parts = []
        if len(parts) != teachers or min(parts) < 1:
            raise InputError(f"distill.shares must be {teachers} whole numbers, not {self.distill.shares!r}.")
        if self.batch_size % sum(parts):
            raise InputError(
                f"A batch of {self.batch_size} cannot be dealt to {teachers} teachers as "
                f"{' : '.join(map(str, parts))}: set batch_size."
            )
        each = self.batch_size // sum(parts)
        return [teacher for teacher, part in enumerate(parts) for _ in range(part * each)]


def load_recipe(name: str, overrides: list[str] | None = None, beneath: dict[str, Any] | None = None) -> Recipe:
    """Read a recipe file, or a packaged recipe by its name, and apply `key=value` overrides such as `data.size_px=96`.

    `beneath` holds sections with values for keys that the recipe does not set. Raises InputError for a missing file,
    bad TOML, an unknown key, or a value of another type or outside its field's range.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        packaged = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise InputError(f"There is no recipe {name}; packaged ones are: {packaged}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The recipe {path} is not valid TOML: {error}.") from None
    for section, defaults in (beneath or {}).items():
        own = values.get(section, {})
        values[section] = {**defaults, **own} if isinstance(own, dict) else own
    for override in overrides or []:
        apply_override(values, override)
    return build(Recipe, values, f"the recipe {name}")
