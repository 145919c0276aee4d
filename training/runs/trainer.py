"""The interface between the training loop and a trainer, with defaults that most trainers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from facetoon.edge_runtime.pixels import Tensor
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.recipe import Recipe


class Trainer(Protocol):
    """Networks, optimizers and a compiled step. Each trainer in training/trainers inherits and implements this.

    A batch is one array for each argument of `step`: pictures are float32 (batch, size_px, size_px, 3) in -1..1.
    """

    recipe: Recipe
    generators: dict[str, Any]
    """The Keras models that a run keeps as files, by direction: "ab", "ba"."""
    networks: dict[str, Any]
    """All networks by name, such as "gen_ab". `variables` begins with theirs, in this order."""

    sheet_pictures: int = 8
    """Held-out pictures of each domain on a sample sheet."""

    @property
    def variables(self) -> Sequence[Any]:
        """Every Keras variable that a checkpoint must hold, in a fixed order."""

    def step(self, index: int, *batch: Any, **_: Any) -> dict[str, float]:
        """Train once; returns the losses by name. `index` counts from 0 and sets the learning rate."""

    def test(self, *batch: Any, **_: Any) -> dict[str, float]:
        """Return metrics of a held-out batch; lower is better. The first metric chooses the best checkpoint."""

    def translate(self, *batch: Any, **_: Any) -> list[Tensor]:
        """Return the columns of a sample sheet, each a batch of pictures."""

    def teach(self, domains: dict[str, ImageSet]) -> dict[str, ImageSet]:
        """Turn the loaded pictures into the pictures for batches, once for the run. By default they are the same."""
        return domains

    def host_state(self) -> dict[str, Tensor]:
        """Return the state outside `variables`, as arrays by name. By default there is none."""
        return {}

    def restore_host_state(self, state: dict[str, Tensor]) -> None:
        """Restore the arrays that `host_state` returned."""
        return
