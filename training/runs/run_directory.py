"""What a run directory tells: its configuration, where and how it was made, its metrics and sample sheets."""

from __future__ import annotations

import dataclasses
import difflib
import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.recipes.sections import apply_override, build

PACKAGES = ("facetoon", "keras", "tensorflow", "tensorflow-cpu", "jax", "jaxlib", "numpy", "opencv-python-headless")


def identity(recipe: Recipe) -> dict[str, Any]:
    """What of a recipe makes a run the run it is, as JSON has it."""
    fields = dataclasses.asdict(recipe)
    del fields["prepare"]  # how pictures were made; which pictures they are is in their digest
    for kind, field in (("encoder", "encoder"), ("fast-style", "fast_style"), ("style", "new_style")):
        if recipe.kind != kind:
            del fields[field]
    return json.loads(json.dumps(fields))  # type: ignore[no-any-return]  # tuples become lists, as in the file


def refuse_another(run: Path, config: dict[str, Any]) -> None:
    """Raise InputError, with the difference, when the directory belongs to another configuration.

    The number of steps may grow or shrink: that is how a run is prolonged. A field that did not exist when the run
    began counts as its default.
    """
    path = run / "config.json"
    if not path.exists():
        return
    try:
        there = json.loads(path.read_text("utf-8"))
        there["recipe"] = _completed(there["recipe"], identity(Recipe())) | {"steps": config["recipe"]["steps"]}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no configuration of toon-train: {error}.") from None
    before, after = _stable(there).splitlines(), _stable(config).splitlines()
    if before != after:
        lines = difflib.unified_diff(before, after, "this run directory", "asked for", n=0, lineterm="")
        difference = "\n  ".join(line for line in lines if not line.startswith("@@"))
        raise InputError(
            f"{run} belongs to another configuration; choose another directory or undo this:\n  {difference}"
        )


def recipe_of(run: Path, overrides: list[str] | None = None) -> Recipe:
    """The recipe of a run that exists, with overrides; InputError when its configuration cannot be read."""
    path = run / "config.json"
    try:
        values = json.loads(path.read_text("utf-8"))["recipe"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no configuration of toon-train: {error}.") from None
    for override in overrides or []:
        apply_override(values, override)
    return build(Recipe, values, f"the configuration of {run}")


def describe(run: Path, config: dict[str, Any], sources: dict[str, list[str]]) -> None:
    """Write config.json, sources.json and environment.json."""
    for name, value in (("config", config), ("sources", sources), ("environment", environment())):
        write_whole(run / f"{name}.json", _stable(value).encode())


def environment() -> dict[str, Any]:
    """Versions, device and, in a checkout, the git revision ("+" for changes on top of it)."""
    import keras

    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "backend": keras.backend.backend(),
        "devices": keras.distribution.list_devices(),
        "packages": versions,
        "git_revision": _git_revision(),
    }


def _git_revision() -> str:
    git = ("git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*")
    try:
        return subprocess.run(git, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""  # installed from a wheel, or no git here


class RunLog:
    """metrics.jsonl, samples/*.png and the same as TensorBoard events. A worker that does not write keeps silent."""

    def __init__(self, run: Path, first: int, writes: bool) -> None:
        """What an interrupted run told of steps after `first` is dropped: they will be taken again."""
        self.run, self.writes = run, writes
        if not writes:
            return
        from tensorboardX import SummaryWriter

        _forget_after(run / "metrics.jsonl", first)
        self._lines = (run / "metrics.jsonl").open("a")
        self._events = SummaryWriter(str(run / "tensorboard"), purge_step=first + 1, flush_secs=20)

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """One line, and one TensorBoard scalar for each value."""
        if not self.writes:
            return
        self._lines.write(json.dumps({"step": step, **values}) + "\n")
        self._lines.flush()
        for name, value in values.items():
            self._events.add_scalar(name, value, step)

    def sample(self, step: int, sheet: pixels.Image) -> None:
        """The sample sheet of a step, RGB."""
        if not self.writes:
            return
        from tensorboardX.proto.summary_pb2 import Summary

        png = pixels.encode_png(sheet)
        write_whole(self.run / "samples" / f"step-{step:08d}.png", png)
        height, width, _ = sheet.shape  # written as it is: add_image would want PIL to encode it again
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
        self._events.file_writer.add_summary(Summary(value=[Summary.Value(tag="samples", image=image)]), step)

    def close(self) -> None:
        """Leave all on the disk."""
        if self.writes:
            self._lines.close()
            self._events.close()


def _completed(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """`values`, with the defaults of fields that they lack."""
    nested = {k: _completed(values[k], d) for k, d in defaults.items() if isinstance(d, dict) and k in values}
    return {**defaults, **values, **nested}


def _stable(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _forget_after(path: Path, step: int) -> None:
    if path.exists():
        whole = [line for line in path.read_text("utf-8").splitlines(True) if line.endswith("\n")]
        lines = [line for line in whole if json.loads(line)["step"] <= step]
        write_whole(path, "".join(lines).encode())
