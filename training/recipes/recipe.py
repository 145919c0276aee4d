"""Recipes: what a run is, as frozen dataclasses read from TOML. An unknown or ill-typed key is refused.

Each field's default is the seed recipe's or the field's common value; recipes/*.toml say why where they differ.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.training.recipes.sections import apply_override, build

RECIPES = Path(__file__).parent


@dataclass(frozen=True)
class Data:
    """How pictures become batches. Zooms are shares of the picture's side that the crop keeps, (least, most)."""

    size_px: int = 64
    test_share: float = 0.2  # the seed's 80:20, decided by content hash so that it holds when files are added
    photo_zoom: tuple[float, float] = (0.85, 1.0)
    cartoon_zoom: tuple[float, float] = (0.85, 1.0)
    cartoon_centre_y: float = 0.5  # share of the cartoon's height around which it is cropped
    rotate_deg: float = 6.0
    mirror: bool = True  # left and right swapped half of the time: faces have no handedness, and it doubles the set
    photo_colour_jitter: float = 0.2  # relative gain per channel, and contrast
    cartoon_colour_jitter: float = 0.0  # what is done to the target, the generator learns to do


@dataclass(frozen=True)
class Generator:
    """What translates; see training/networks/teacher.py for the layouts."""

    kind: str = (
        "resnet"  # Johnson et al. 2016, Zhu et al. 2017; "unet": Isola et al. 2017, whose skips hold layout fast
    )
    filters: int = 32
    blocks: int = 6  # residual blocks at a quarter of the size; for "unet" the number of halvings
    norm: str = "instance"  # "batch" wants batches of 16 and up, and drifts between training and use


@dataclass(frozen=True)
class Discriminator:
    """PatchGAN (Isola et al. 2017): `layers` strided convolutions."""

    filters: int = 64
    layers: int = 3
    scales: int = 1  # 2: a second one on the picture at half size judges the whole face (Wang et al. 2018)
    norm: str = "instance"  # "none" goes with spectral_norm, as in U-GAT-IT
    spectral_norm: bool = False  # bounds its slope (Miyato et al. 2018): steadier, and a tenth slower
    cam: bool = False  # class-activation-map head (Kim et al. 2020): it says where it looks; free at run time
    diff_augment: str = ""  # "colour,translation,cutout" (Zhao et al. 2020): for some hundred pictures, not thousands


@dataclass(frozen=True)
class Loss:
    """Weights relative to the adversarial loss."""

    gan: str = "lsgan"  # CycleGAN's; "hinge" goes with spectral_norm
    cycle: str = "mse"  # the seed's; "l1" is Zhu et al.'s
    cycle_weight: float = 10.0
    identity_weight: float = 0.0  # above 0 costs two more generator passes a step
    colour_weight: float = 0.0  # MSE of 8x8-pixel means between input and output: hair and skin keep their tone
    gradient_penalty_weight: float = (
        0.0  # zero-centred, on real pictures (R1); above 0 a discriminator step takes twice
    )


@dataclass(frozen=True)
class Optimizer:
    """Adam with beta_1 0.5, constant at first, then linear to zero."""

    learning_rate_generator: float = 2e-4
    learning_rate_discriminator: float = 2e-4  # the two differ in TTUR (Heusel et al. 2017): 5e-5 and 1e-4 in UVCGAN2
    decay_from: float = 0.5  # share of the steps after which the rate falls: CycleGAN's 100 + 100 epochs
    ema_decay: float = 0.999  # for the generators that are kept; short runs want less than 0.9999
    pool_size: int = 50  # past fakes shown to the discriminators again (Shrivastava et al. 2017)
    clip_norm: float = 0.0  # most length of all gradients together; 0: none, as CycleGAN. 1 to 10 tames a bfloat16 run
    accumulate: int = 1  # steps whose gradients make one update: a larger batch than memory holds


@dataclass(frozen=True)
class Compute:
    """How the arithmetic is done; the recipe's, since it changes results in the last digits."""

    precision: str = "float32"  # "bfloat16": weights stay float32; twice as fast on a GPU, slower on most CPUs
    jit_compile: bool = False  # XLA under TensorFlow: measured a third slower on two CPU cores; JAX always compiles


@dataclass(frozen=True)
class Pairs:
    """Aligned pairs, for `toon-train pairs`: loss weights, and augmentation that both pictures of a pair share."""

    photo_suffix: str = "_face"  # NN_face.jpg and NN_comic.jpg in one folder are a pair
    cartoon_suffix: str = "_comic"
    zoom: tuple[float, float] = (0.75, 0.95)
    colour_jitter: float = 0.15  # on both alike: tones that no pair shows, carried over as they are
    photo_jitter: float = 0.05  # on the photograph alone: more of it teaches to average skin tones
    l1_weight: float = 1.0
    gradient_weight: float = 1.0  # L1 of horizontal and vertical differences: lines
    ssim_weight: float = 0.5
    adversarial_weight: float = (
        0.1  # sharpness, which no average of plausible answers has; 0 spares a third of the time
    )


@dataclass(frozen=True)
class Student:
    """The small generator that ships: see training/networks/student.py for the layout."""

    stem_filters: int = 32
    filters: int = 96  # a multiple of 16, or int8 kernels pad
    blocks: int = 8
    kernel: int = 3  # of the blocks' depthwise convolutions: at 128 px 3 sees half of a face, 5 the whole
    style_every: int = 1  # with several styles, every so many blocks one has gains and shifts of its own for each


@dataclass(frozen=True)
class Distill:
    """Regression of the student onto its teachers; weights of the loss terms."""

    l1_weight: float = 1.0
    gradient_weight: float = 1.0  # L1 of horizontal and vertical differences: lines
    ssim_weight: float = 0.5
    haar_weight: float = 0.0  # L1 of the wavelet's high bands: sharper, at the price of noise where a teacher flickers
    feature_weight: float = 0.0  # L1 of what the teacher's encoder sees: a quarter slower
    range_weight: float = 0.0  # holds the sums of the blocks within -8..8: int8 divides the widest by 256
    adversarial_weight: float = 0.0  # sharpness, from a discriminator between the student's and the teachers' pictures
    shares: str = ""  # parts of a batch by teacher, as "4 1 1", for one that is harder to learn; empty: even
    learning_rate: float = 2e-3
    shift_px: int = 1  # the student's picture is moved so far against its teacher's: steadier video
    noise_levels: float = 2.0  # grey levels of noise on the student's input only: less flicker on video


@dataclass(frozen=True)
class Encoder:
    """The network that scores look through; see training/trainers/encoder.py."""

    filters: int = 32
    features: int = 128  # more would want more test pictures: a Frechet distance fits features squared numbers
    learning_rate: float = 1e-3
    temperature: float = 0.2  # of the contrast; the lower, the harder it tells look-alikes apart


@dataclass(frozen=True)
class FastStyle:
    """Feed-forward style transfer: weights of the relative losses in training/networks/perceptual.py, layers by name."""

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
class NewStyle:
    """One more style for a student that has some; weights of the losses in training/trainers/new_style.py."""

    start: str = "nearest"  # which style the new one begins as: the nearest to the cartoons, "mean", or a name
    style_weight: float = 4.0  # VGG's Gram matrices; this and content_weight 0: no VGG needed
    style_layers: str = ""  # by spaces; empty: all of Gatys et al.'s that see no more than the picture
    content_weight: float = 1.0
    content_layers: str = "relu3_1"
    colour_weight: float = 2.0  # sliced Wasserstein distance between a batch's colours and the cartoons'
    edge_weight: float = 1.0  # L1 of grey differences to what the student draws in the style that this one began as
    adversarial_weight: float = 0.1
    critic_px: int = 64  # most size at which the discriminator judges
    learning_rate: float = 2e-3
    noise_levels: float = 2.0  # grey levels of noise on the input only: less flicker on video
    trunk: bool = False  # train the shared weights too; the old styles are then held near what they were
    trunk_learning_rate: float = 1e-4
    hold_weight: float = 10.0  # L1 of pictures and of their differences, old student to new


@dataclass(frozen=True)
class Prepare:
    """What `toon-train prepare` keeps; docs/PREPARE.md says how each score is measured."""

    size_px: int = 128  # side of the crops: a recipe caches 1.25 of its own size, so this serves runs up to 102 px
    test_share: float = 0.2  # the seed's 80:20
    face_height: float = 0.72  # facetoon.edge_runtime.framing.Framing's own: the live crop must agree
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
    max_turn: float = 0.4  # nose off the eyes' middle in eye distances: about 35 degrees to the side
    profile_hits: int = 8  # windows of OpenCV's profile cascade, where no face was found, that make a profile of it
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

    kind: str = "cyclegan"  # or "pairs", "sharpen", "distill", "style", "fast-style", "encoder"
    seed: int = 1
    steps: int = 20_000
    batch_size: int = 8
    checkpoint_every: int = 500  # steps
    sample_every: int = 500
    keep_checkpoints: int = 2
    best_metric: str = ""  # which held-out metric, the lower the better, chooses best/; empty: the first the kind has
    # Where the face lies in the crops that training makes, zoom included; the model file carries it to the live crop.
    framing: Framing = field(default_factory=Framing)
    data: Data = field(default_factory=Data)
    generator: Generator = field(default_factory=Generator)
    discriminator: Discriminator = field(default_factory=Discriminator)
    loss: Loss = field(default_factory=Loss)
    optimizer: Optimizer = field(default_factory=Optimizer)
    compute: Compute = field(default_factory=Compute)
    pairs: Pairs = field(default_factory=Pairs)
    student: Student = field(default_factory=Student)
    distill: Distill = field(default_factory=Distill)
    encoder: Encoder = field(default_factory=Encoder)
    """For `toon-train encoder` alone: no part of another run's identity."""
    fast_style: FastStyle = field(default_factory=FastStyle)
    """For `toon-train fast-style` alone: no part of other runs' identity."""
    new_style: NewStyle = field(default_factory=NewStyle)
    """For `toon-train style` alone: no part of other runs' identity."""
    prepare: Prepare = field(default_factory=Prepare)
    """For `toon-train prepare` alone: no part of a run's identity."""

    def dealt(self, teachers: int) -> list[int]:
        """Which teacher, from 0, answers for each picture of a batch. Raises InputError when it cannot be dealt so."""
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

    `beneath` are sections with values that hold where the recipe says nothing. Raises InputError for a missing file,
    bad TOML, an unknown key, or a value of another type than the default's.
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
        values[section] = {**defaults, **values.get(section, {})}
    for override in overrides or []:
        apply_override(values, override)
    recipe = build(Recipe, values, f"the recipe {name}")
    _check_values(recipe, name)
    return recipe


CHOICES = {
    "kind": ("cyclegan", "pairs", "sharpen", "distill", "style", "fast-style", "encoder"),
    "generator.kind": ("resnet", "unet"),
    "generator.norm": ("instance", "batch"),
    "discriminator.norm": ("instance", "none"),
    "loss.gan": ("lsgan", "hinge"),
    "loss.cycle": ("mse", "l1"),
    "compute.precision": ("float32", "bfloat16"),
}
LEAST = {
    "steps": 1,
    "batch_size": 1,
    "checkpoint_every": 1,
    "sample_every": 1,
    "keep_checkpoints": 1,
    "data.size_px": 8,
    "generator.filters": 1,
    "generator.blocks": 1,
    "discriminator.filters": 1,
    "discriminator.layers": 1,
    "optimizer.accumulate": 1,
    "optimizer.pool_size": 0,
    "optimizer.clip_norm": 0,
}
AUGMENTATIONS = ("colour", "translation", "cutout")


def _check_values(recipe: Recipe, name: str) -> None:
    """Refuse values of the right type that no run could use."""
    for key, choices in CHOICES.items():
        if attrgetter(key)(recipe) not in choices:
            allowed = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise InputError(f"In the recipe {name}, {key} must be {allowed}, not {attrgetter(key)(recipe)}.")
    for key, least in LEAST.items():
        if attrgetter(key)(recipe) < least:
            raise InputError(f"In the recipe {name}, {key} must be {least} or more, not {attrgetter(key)(recipe)}.")
    if recipe.discriminator.scales not in (1, 2):
        raise InputError(f"In the recipe {name}, discriminator.scales must be 1 or 2.")
    if not 0 <= recipe.optimizer.decay_from < 1:
        raise InputError(f"In the recipe {name}, optimizer.decay_from must be 0 or more and less than 1.")
    if not 0 <= recipe.fast_style.strength <= 1:
        raise InputError(f"In the recipe {name}, fast_style.strength must be from 0 to 1.")
    unknown = set(filter(None, recipe.discriminator.diff_augment.split(","))) - set(AUGMENTATIONS)
    if unknown:
        known = ",".join(AUGMENTATIONS)
        raise InputError(f"In the recipe {name}, discriminator.diff_augment knows {known}, not {unknown.pop()}.")
    _check_prepare(recipe.prepare, name)


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
