"""Reads and writes the description of a run: its recipe, its picture sources and the paths of its generators."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import ImageSet, load_split
from facetoon.training.pictures.pairs import load_pairs
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.recipes.sections import apply_override, build
from facetoon.training.runs.checkpoint import generator_path
from facetoon.training.runs.environment import environment

INPUT_DOMAINS = {"ab": "photos", "ba": "cartoons"}
"""The domain of the input pictures, by direction of the generator."""
KEEPS_SHAPE = "keeps_shape"


@dataclass(frozen=True)
class InputPictures:
    """The input pictures of a generator: their sources, and the hash of the pictures that its run was trained on."""

    sources: tuple[DataSource, ...]
    test_share: float
    train_sha256: str | None
    """`ImageSet.digest` of the training share; None for a model without a run."""
    recipe: Recipe | None = None
    """Recipe of a run whose only photographs are in aligned pairs. Its [pairs] section finds them. Otherwise None."""

    def load(self, side_px: int) -> tuple[ImageSet, ImageSet]:
        """Load training and test pictures, uint8 RGB (n, side_px, side_px, 3). InputError when they cannot be read."""
        if self.recipe is None:
            return load_split(self.sources, side_px, self.test_share)
        train, test = load_pairs(self.sources, side_px, self.test_share, self.recipe.pairs)
        photos = [dataclasses.replace(pairs, images=pairs.images[:, 0]) for pairs in (train, test)]
        return photos[0], photos[1]


class RunDirectory:
    """The only reader and writer of a run's config.json and sources.json, for every kind of run.

    Each file is read on first use. Reading raises InputError when `path` is not a run directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether a run has begun here."""
        return (self.path / "config.json").is_file()

    def recipe(self, overrides: Sequence[str] = ()) -> Recipe:
        """Return the run's recipe with `key=value` overrides. A field missing in config.json has its default."""
        with self._understood():
            values = json.loads(json.dumps(self._config["recipe"]))  # a copy: overrides are written into it
            for override in overrides:
                apply_override(values, override)
            return build(Recipe, values, f"the configuration of {self.path}")

    @cached_property
    def styles(self) -> tuple[str, ...]:
        """Names of the generator's style input, in its order; empty for a generator without one."""
        with self._understood():
            return tuple(map(str, self._config.get("styles", ())))

    @cached_property
    def keeps_shape(self) -> tuple[str, ...]:
        """Names of the styles whose teacher draws every feature where it is.

        Of a generator without a style input the name does not matter. Runs of before the field have none.
        """
        with self._understood():
            return tuple(map(str, self._config.get(KEEPS_SHAPE, ())))

    @cached_property
    def sources(self) -> dict[str, tuple[DataSource, ...]]:
        """Picture sources of each domain: "photos", "cartoons" or "pairs"."""
        with self._understood():
            sources = json.loads(self._read("sources.json"))
            return {domain: tuple(map(DataSource.from_json, places)) for domain, places in sources.items()}

    def input_pictures(self, direction: str = "ab") -> InputPictures:
        """Return the input pictures of a direction's generator: photographs ("ab") or cartoons ("ba").

        A run without a source of photographs has them in its pairs.
        """
        recipe, domain = self.recipe(), INPUT_DOMAINS[direction]
        in_pairs = direction == "ab" and domain not in self.sources
        domain = "pairs" if in_pairs else domain
        with self._understood():
            sha256 = str(self._config["data"][domain]["train_sha256"])
            return InputPictures(self.sources[domain], recipe.data.test_share, sha256, recipe if in_pairs else None)

    def generator_path(self, direction: str = "ab") -> Path:
        """Return the .keras file of a direction. Raises InputError when the run has none."""
        return generator_path(self.path, direction)

    def sha256(self, direction: str = "ab") -> str:
        """Return the hash of configuration and generator, which identifies this state of the run elsewhere."""
        return hashlib.sha256(self._read("config.json") + self.generator_path(direction).read_bytes()).hexdigest()

    def refuse_another(self, config: dict[str, Any]) -> None:
        """Raise InputError, with the difference, when the directory belongs to another configuration.

        The number of steps may change, which prolongs a run. A field that is missing in config.json counts as its
        default.
        """
        if not self.exists:
            return
        with self._understood():
            defaults = _as_json(Recipe())
            new = _completed(config["recipe"], defaults)
            recipe = _completed(self._config["recipe"], defaults) | {"steps": new["steps"]}
            # The teachers' hashes imply which styles keep the shape; older runs lack the field.
            implied = {KEEPS_SHAPE: config.get(KEEPS_SHAPE)}
            own_lines = _stable({**self._config, "recipe": recipe, **implied}).splitlines()
        new_lines = _stable({**config, "recipe": new, **implied}).splitlines()
        if own_lines != new_lines:
            lines = difflib.unified_diff(own_lines, new_lines, "this run directory", "asked for", n=0, lineterm="")
            difference = "\n  ".join(line for line in lines if not line.startswith("@@"))
            raise InputError(
                f"{self.path} belongs to another configuration; choose another directory or undo this:\n  {difference}"
            )

    def describe(self, config: dict[str, Any], sources: Mapping[str, Sequence[DataSource]]) -> None:
        """Write config.json, sources.json and environment.json.

        A run that exists keeps the fields of its recipe, but for the steps: a version that knows more fields changes
        neither the file nor the run's `sha256`.
        """
        if self.exists:
            config = {**config, "recipe": {**self._config["recipe"], "steps": config["recipe"]["steps"]}}
        places = {domain: [source.as_json() for source in domain_sources] for domain, domain_sources in sources.items()}
        for name, value in (("config", config), ("sources", places), ("environment", environment())):
            write_whole(self.path / f"{name}.json", _stable(value))

    @cached_property
    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = json.loads(self._read("config.json"))
        return config

    def _read(self, name: str) -> bytes:
        if not self.path.is_dir():
            raise InputError(f"{self.path} is not a run directory (toon-train makes one).")
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise InputError(f"{self.path / name} cannot be read: {error.strerror}.") from None

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Raise InputError for the errors of a file that toon-train did not write."""
        try:
            yield
        except InputError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"The configuration of the run {self.path} cannot be understood: {error}.") from None


def identity(recipe: Recipe) -> dict[str, Any]:
    """Return the fields of a recipe that identify a run, as JSON values."""
    fields = _as_json(recipe)
    del fields["prepare"]  # the digest of the pictures identifies them, however they were prepared
    for kind, field in (("fast-style", "fast_style"), ("style", "new_style")):
        if recipe.kind != kind:
            del fields[field]
    return fields


def _as_json(recipe: Recipe) -> dict[str, Any]:
    """All fields of a recipe as JSON has them: its tuples are lists."""
    return json.loads(json.dumps(dataclasses.asdict(recipe)))  # type: ignore[no-any-return]


def _completed(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with defaults for missing fields."""
    nested = {k: _completed(values[k], d) for k, d in defaults.items() if isinstance(d, dict) and k in values}
    return {**defaults, **values, **nested}


def _stable(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
