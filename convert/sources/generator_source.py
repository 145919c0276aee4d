"""What is converted: a run's generator, or any Keras image-to-image model or SavedModel, and where its pictures lie."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.training.runs.checkpoint import DIRECTIONS, generator_path, load_generator

DOMAINS = {"ab": "photos", "ba": "cartoons"}  # what each direction takes
TEST_SHARE = 0.2  # of a model without a run


@dataclass(frozen=True)
class Source:
    """A float generator and what its training run tells of it."""

    generator: Any
    """Keras: pictures (batch, n, n, 3), or [pictures, styles (batch, s)], to pictures."""
    size_px: int
    direction: str
    styles: tuple[str, ...]
    """Names for the style input; empty without one."""
    framing: Framing
    pictures: tuple[str, ...]
    test_share: float
    train_sha256: str | None
    """Of the training split; None for a model without a run, whose split nobody can check."""
    sha256: str
    """Of configuration and weights: which run this was."""
    float_bytes: int


def read_source(place: Path, direction: str, pictures: tuple[str, ...], style_names: tuple[str, ...]) -> Source:
    """Load from a run directory, a .keras file or a SavedModel folder.

    `pictures` replaces where the run's lay. Raises InputError in one sentence for anything that is not a generator of
    square pictures of a fixed size.
    """
    if place.suffix == ".keras" or (place / "saved_model.pb").is_file():
        return _bare(place, direction, pictures, style_names)
    return _run(place, direction, pictures, style_names)


def _run(run: Path, direction: str, pictures: tuple[str, ...], style_names: tuple[str, ...]) -> Source:
    if not run.is_dir():
        raise InputError(f"{run} is not a run directory (toon-train makes one).")
    weights = generator_path(run, direction).read_bytes()
    config_text, sources_text = _read_text(run / "config.json"), _read_text(run / "sources.json")
    try:
        config, sources = json.loads(config_text), json.loads(sources_text)
        recipe, domain = config["recipe"], DOMAINS[direction]
        told: dict[str, Any] = {
            "framing": Framing(**recipe.get("framing", {})),
            "pictures": pictures or tuple(sources[domain]),
            "test_share": float(recipe["data"]["test_share"]),
            "train_sha256": str(config["data"][domain]["train_sha256"]),
        }
        names = style_names or tuple(config.get("styles", ()))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"The configuration of the run {run} cannot be understood: {error}.") from None
    generator = load_generator(run, direction)
    size_px, styles = check_generator(generator, names)
    sha256 = hashlib.sha256(config_text.encode() + weights).hexdigest()
    return Source(generator, size_px, DIRECTIONS[direction], styles, sha256=sha256, float_bytes=len(weights), **told)


def _bare(place: Path, direction: str, pictures: tuple[str, ...], style_names: tuple[str, ...]) -> Source:
    if not pictures:
        raise InputError(f"{place} tells of no pictures to calibrate and judge with: give some with --photos.")
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    if not files:
        raise InputError(f"{place} does not exist.")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files))
    generator = load_generator(place) if place.suffix == ".keras" else _load_saved_model(place)
    size_px, styles = check_generator(generator, style_names)
    return Source(
        generator,
        size_px,
        DIRECTIONS[direction],
        styles,
        framing=Framing(),
        pictures=pictures,
        test_share=TEST_SHARE,
        train_sha256=None,
        sha256=digest.hexdigest(),
        float_bytes=sum(path.stat().st_size for path in files),
    )


def _load_saved_model(place: Path) -> Any:
    """A Keras model around a SavedModel's serving signature."""
    import keras
    import tensorflow as tf

    try:
        signature = tf.saved_model.load(str(place)).signatures["serving_default"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{place} is not a SavedModel that can be served: {str(error).splitlines()[0]}") from None
    taken = signature.structured_input_signature[1]
    if len(taken) != 1 or len(signature.structured_outputs) != 1:
        raise InputError(f"The SavedModel {place} has {len(taken)} inputs; only one picture in and one out is taken.")
    ((name, spec),) = taken.items()
    image = keras.Input(tuple(spec.shape)[1:], name=name)
    layer = keras.layers.TFSMLayer(str(place), call_endpoint="serving_default")
    (output,) = layer(image).values()
    return keras.Model(image, output, name="saved_model")


def check_generator(generator: Any, style_names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Size in pixels and style names; raises InputError unless it maps a square picture (and a style) to another."""
    taken, given = [tuple(t.shape) for t in generator.inputs], [tuple(t.shape) for t in generator.outputs]
    taken_text, given_text = (" and ".join(map(str, shapes)) for shapes in (taken, given))
    described = f"The generator {generator.name} maps {taken_text} to {given_text}"
    sizes = [shape[1:] for shape in (*taken, *given)]
    if any(size is None for shape in sizes for size in shape):
        raise InputError(f"{described}: its shapes are dynamic, and a device wants one fixed size.")
    pictures, vectors = [s for s in taken if len(s) == 4], [s for s in taken if len(s) == 2]
    is_generator = len(pictures) == len(given) == 1 and len(vectors) <= 1 and len(taken) == 1 + len(vectors)
    if not is_generator or pictures[0][1:] != given[0][1:] or not _is_square(pictures[0]):
        raise InputError(f"{described}, not one square picture to another.")
    width = vectors[0][1] if vectors else 0
    if len(style_names) != width:
        raise InputError(f"{described}, so it takes {width} style names (--style-names), not {len(style_names)}.")
    return pictures[0][1], style_names


def _is_square(shape: tuple[int, ...]) -> bool:
    return shape[1] == shape[2] and shape[3] == 3


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.") from None
