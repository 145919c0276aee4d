"""Recipes: what a run is, as frozen dataclasses read from TOML. An unknown or ill-typed key is refused.

Each field's default is the seed recipe's or the field's common value; recipes/*.toml say why where they differ.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from edge_runtime.errors import InputError
from edge_runtime.framing import Framing

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Data:
    """How pictures become batches. Zooms are shares of the picture's side that the crop keeps, (least, most)."""

    size_px: int = 64
    test_share: float = 0.2  # the seed's 80:20, decided by content hash so that it holds when files are added
    photo_zoom: tuple[float, float] = (0.85, 1.0)
    cartoon_zoom: tuple[float, float] = (0.85, 1.0)
    cartoon_centre_y: float = 0.5  # share of the cartoon's height around which it is cropped
    rotate_deg: float = 6.0
    photo_colour_jitter: float = 0.2  # relative gain per channel, and contrast
    cartoon_colour_jitter: float = 0.0


@dataclass(frozen=True)
class Generator:
    """ResNet generator (Johnson et al. 2016; Zhu et al. 2017)."""

    filters: int = 32
    blocks: int = 6


@dataclass(frozen=True)
class Discriminator:
    """PatchGAN (Isola et al. 2017): `layers` strided convolutions."""

    filters: int = 64
    layers: int = 3


@dataclass(frozen=True)
class Loss:
    """Weights relative to the adversarial loss (LSGAN)."""

    cycle: str = "mse"  # the seed's; "l1" is Zhu et al.'s
    cycle_weight: float = 10.0
    identity_weight: float = 0.0  # above 0 costs two more generator passes a step
    colour_weight: float = 0.0  # MSE of 8x8-pixel means between input and output: hair and skin keep their tone


@dataclass(frozen=True)
class Optimizer:
    """Adam with beta_1 0.5, constant for the first half of the steps, then linear to zero."""

    learning_rate_generator: float = 2e-4
    learning_rate_discriminator: float = 2e-4
    ema_decay: float = 0.999  # for the generators that are kept; short runs want less than 0.9999
    pool_size: int = 50  # past fakes shown to the discriminators again (Shrivastava et al. 2017)


@dataclass(frozen=True)
class Student:
    """The small generator that ships: see training/student.py for the layout."""

    stem_filters: int = 32
    filters: int = 96  # a multiple of 16, or int8 kernels pad
    blocks: int = 8


@dataclass(frozen=True)
class Distill:
    """Regression of the student onto its teacher; weights of the loss terms."""

    l1_weight: float = 1.0
    gradient_weight: float = 1.0  # L1 of horizontal and vertical differences: lines
    ssim_weight: float = 0.5
    learning_rate: float = 2e-3
    noise_levels: float = 2.0  # grey levels of noise on the student's input only: less flicker on video


@dataclass(frozen=True)
class FastStyle:
    """Feed-forward style transfer: weights of the relative losses in training/perceptual.py, layers by name."""

    strength: float = 1.0  # 0 the photograph, 1 the style
    style_px: int = 128  # longer side of the style pictures: its share of the photograph's scales the brush
    style_layers: str = ""  # by spaces; empty: all of Gatys et al.'s that see no more than the style picture
    content_layers: str = "relu3_1 relu4_1"
    content_weight: float = 1.0
    style_weight: float = 4.0
    tv_weight: float = 1.0
    learning_rate: float = 2e-3
    noise_levels: float = 2.0  # grey levels of noise on the input only: less flicker on video


@dataclass(frozen=True)
class Prepare:
    """What `toon-train prepare` keeps; docs/PREPARE.md says how each score is measured."""

    size_px: int = 128  # side of the crops: a recipe caches 1.25 of its own size, so this serves runs up to 102 px
    test_share: float = 0.2  # the seed's 80:20
    face_height: float = 0.72  # edge_runtime.framing.Framing's own: the live crop must agree
    face_centre_y: float = 0.55
    faces: str = "largest"  # of several: the largest alone, "all" for a crop each, "single" to reject the picture
    other_face: float = 0.5  # a further face counts when its height is at least this share of the largest one's
    believe: float = 0.6  # face probability: the device gives up at 0.5, a training picture should be surer
    min_side_px: int = 64  # of the picture; the seed's size
    min_face_px: int = 46  # 0.72 of 64: a smaller face would be enlarged even for the seed's size
    max_megapixels: float = 50.0  # decoded at once in each process (150 MB); most JPEGs shrink up to 8 times while read
    min_sharpness: float = 0.14  # of the crop at 128 px: Gaussian blur of 2 px brings three crops of four below it
    min_brightness: float = 45.0  # mean grey level of the face
    max_brightness: float = 215.0
    min_contrast: float = 12.0  # standard deviation of the face's grey levels: fog, plain areas
    max_turn: float = 0.32  # nose off the eyes' middle in eye distances: about 25 to 30 degrees to the side
    max_roll_deg: float = 30.0  # crops are levelled; beyond this, the detectors' own measures grow unsure
    max_cut: float = 0.08  # share of the face's outline outside the picture
    max_outside: float = 0.30  # share of the crop outside the picture, where the border is repeated
    max_elongation: float = 1.5  # of a cartoon taken whole: its middle square must be most of it
    grey_chroma: float = 10.0  # grey levels between a pixel's channels, 95th percentile: below it the picture is grey
    max_grey_share: float = 0.1  # of the kept pictures of a domain: more would teach the generator to drop colour
    duplicate_bits: int = 40  # of 256: measured on 6,000 faces, copies differ by 8 at most, others by 48 at least
    identity_pattern: str = ""  # regular expression on file names; equal first groups are one person: one side
    check_framing: float = 0.25  # in --check: how far the face's height may be off the framing, as a share


@dataclass(frozen=True)
class Recipe:
    """A whole run."""

    kind: str = "cyclegan"  # or "distill" or "fast-style"
    seed: int = 1
    steps: int = 20_000
    batch_size: int = 8
    checkpoint_every: int = 500  # steps
    sample_every: int = 500
    keep_checkpoints: int = 2
    # Where the face lies in the crops that training makes, zoom included; the model file carries it to the live crop.
    framing: Framing = field(default_factory=Framing)
    data: Data = field(default_factory=Data)
    generator: Generator = field(default_factory=Generator)
    discriminator: Discriminator = field(default_factory=Discriminator)
    loss: Loss = field(default_factory=Loss)
    optimizer: Optimizer = field(default_factory=Optimizer)
    student: Student = field(default_factory=Student)
    distill: Distill = field(default_factory=Distill)
    fast_style: FastStyle = field(default_factory=FastStyle)
    """For `toon-train fast-style` alone: no part of other runs' identity."""
    prepare: Prepare = field(default_factory=Prepare)
    """For `toon-train prepare` alone: no part of a run's identity."""


def load_recipe(name: str, overrides: list[str] | None = None) -> Recipe:
    """Read a recipe file, or a packaged recipe by its name, and apply `key=value` overrides such as `data.size_px=96`.

    Raises InputError for a missing file, bad TOML, an unknown key, or a value of another type than the default's.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        packaged = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise InputError(f"There is no recipe {name}; packaged ones are: {packaged}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The recipe {path} is not valid TOML: {error}.") from None
    for override in overrides or []:
        _apply_override(values, override)
    recipe = _build(Recipe, values, f"the recipe {name}")
    _check_values(recipe, name)
    return recipe


def _check_values(recipe: Recipe, name: str) -> None:
    """Refuse values of the right type that no run could use."""
    if recipe.kind not in ("cyclegan", "distill", "fast-style"):
        raise InputError(f"In the recipe {name}, kind must be cyclegan, distill or fast-style, not {recipe.kind}.")
    if not 0 <= recipe.fast_style.strength <= 1:
        raise InputError(f"In the recipe {name}, fast_style.strength must be from 0 to 1.")
    if recipe.loss.cycle not in ("mse", "l1"):
        raise InputError(f"In the recipe {name}, cycle must be mse or l1, not {recipe.loss.cycle}.")
    _check_prepare(recipe.prepare, name)
    for key in ("steps", "batch_size", "checkpoint_every", "sample_every", "keep_checkpoints"):
        if getattr(recipe, key) < 1:
            raise InputError(f"In the recipe {name}, {key} must be 1 or more, not {getattr(recipe, key)}.")


def _check_prepare(prepare: Prepare, name: str) -> None:
    if prepare.faces not in ("largest", "all", "single"):
        raise InputError(f"In the recipe {name}, prepare.faces must be largest, all or single, not {prepare.faces}.")
    if not 0 <= prepare.test_share < 1:
        raise InputError(f"In the recipe {name}, prepare.test_share must be 0 or more and less than 1.")
    if not 16 <= prepare.size_px <= 1024:
        raise InputError(f"In the recipe {name}, prepare.size_px must be from 16 to 1024, not {prepare.size_px}.")
    try:
        groups = re.compile(prepare.identity_pattern).groups
    except re.error as error:
        raise InputError(f"In the recipe {name}, prepare.identity_pattern is no pattern: {error}.") from None
    if prepare.identity_pattern and not groups:
        raise InputError(f"In the recipe {name}, prepare.identity_pattern needs a group in brackets.")


def _apply_override(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator:
        raise InputError(f"--set wants key=value, not {override!r}.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is a string
    *sections, last = key.strip().split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"--set {override}: {section} is not a section.")
    values[last] = value


Section = TypeVar("Section")


def _build(section: type[Section], values: dict[str, Any], where: str) -> Section:
    """Make the dataclass `section` of `values`, checking every key and type."""
    hints = get_type_hints(section)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise InputError(f"{where} has an unknown key: {unknown[0]} (known: {', '.join(hints)}).".capitalize())
    arguments = {}
    for key, value in values.items():
        kind = hints[key]
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            if not isinstance(value, dict):
                raise InputError(f"In {where}, {key} must be a section.")
            arguments[key] = _build(kind, value, f"{where}, section {key},")
        else:
            arguments[key] = _checked(key, value, kind, where)
    return section(**arguments)


def _checked(key: str, value: Any, kind: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if kind == tuple[float, float]:
        good = isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)
        value = tuple(map(float, value)) if good else value
    else:
        good = type(value) is kind
    if not good:
        raise InputError(f"In {where}, {key} must be {getattr(kind, '__name__', kind)}, not {value!r}.")
    return value
