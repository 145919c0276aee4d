"""The sections of a recipe. Each field says beside it what it may be; recipes/*.toml say why a value differs from here.

A default is the seed recipe's or the field's common value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from facetoon.training.recipes.bounds import (
    Count,
    CountOrNone,
    GreyLevels,
    GroupPattern,
    OneOf,
    Range,
    Rate,
    Share,
    SidePx,
    SomeOf,
    TestShare,
    Weight,
    Zoom,
)


@dataclass(frozen=True)
class DataRecipe:
    """How pictures become batches. Zooms are shares of the picture's side that the crop keeps, (least, most)."""

    size_px: SidePx = 64
    test_share: TestShare = 0.2  # the seed's 80:20, decided by content hash so that it holds when files are added
    photo_zoom: Zoom = (0.85, 1.0)
    cartoon_zoom: Zoom = (0.85, 1.0)
    cartoon_centre_y: Share = 0.5  # share of the cartoon's height around which it is cropped
    rotate_deg: Annotated[float, Range(0, 180)] = 6.0
    mirror: bool = True  # left and right swapped half of the time: faces have no handedness, and it doubles the set
    photo_colour_jitter: Share = 0.2  # relative gain per channel, and contrast
    cartoon_colour_jitter: Share = 0.0  # what is done to the target, the generator learns to do


@dataclass(frozen=True)
class GeneratorRecipe:
    """What translates; see training/networks/teacher.py for the layouts."""

    kind: Annotated[str, OneOf(("resnet", "unet"))] = (
        "resnet"  # Johnson et al. 2016, Zhu et al. 2017; "unet": Isola et al. 2017, whose skips hold layout fast
    )
    filters: Count = 32
    blocks: Count = 6  # residual blocks at a quarter of the size; for "unet" the number of halvings
    norm: Annotated[str, OneOf(("instance", "batch"))] = (
        "instance"  # "batch" wants batches of 16 and up, and drifts between training and use
    )


@dataclass(frozen=True)
class DiscriminatorRecipe:
    """PatchGAN (Isola et al. 2017): `layers` strided convolutions."""

    filters: Count = 64
    layers: Count = 3
    scales: Annotated[int, OneOf((1, 2))] = (
        1  # 2: a second one on the picture at half size judges the whole face (Wang et al. 2018)
    )
    norm: Annotated[str, OneOf(("instance", "none"))] = "instance"  # "none" goes with spectral_norm, as in U-GAT-IT
    spectral_norm: bool = False  # bounds its slope (Miyato et al. 2018): steadier, and a tenth slower
    cam: bool = False  # class-activation-map head (Kim et al. 2020): it says where it looks; free at run time
    diff_augment: Annotated[str, SomeOf(("colour", "translation", "cutout"))] = (
        ""  # "colour,translation,cutout" (Zhao et al. 2020): for some hundred pictures, not thousands
    )


@dataclass(frozen=True)
class LossRecipe:
    """Weights relative to the adversarial loss."""

    gan: Annotated[str, OneOf(("lsgan", "hinge"))] = "lsgan"  # CycleGAN's; "hinge" goes with spectral_norm
    cycle: Annotated[str, OneOf(("mse", "l1"))] = "mse"  # the seed's; "l1" is Zhu et al.'s
    cycle_weight: Weight = 10.0
    identity_weight: Weight = 0.0  # above 0 costs two more generator passes a step
    colour_weight: Weight = 0.0  # MSE of 8x8-pixel means between input and output: hair and skin keep their tone
    gradient_penalty_weight: Weight = (
        0.0  # zero-centred, on real pictures (R1); above 0 a discriminator step takes twice
    )


@dataclass(frozen=True)
class OptimizerRecipe:
    """Adam with beta_1 0.5, constant at first, then linear to zero."""

    learning_rate_generator: Rate = 2e-4
    learning_rate_discriminator: Rate = 2e-4  # the two differ in TTUR (Heusel et al. 2017): 5e-5 and 1e-4 in UVCGAN2
    decay_from: Annotated[float, Range(0, below=1)] = (
        0.5  # share of the steps after which the rate falls: CycleGAN's 100 + 100 epochs
    )
    ema_decay: Annotated[float, Range(0, below=1)] = (
        0.999  # for the generators that are kept; short runs want less than 0.9999
    )
    pool_size: CountOrNone = 50  # past fakes shown to the discriminators again (Shrivastava et al. 2017)
    clip_norm: Annotated[float, Range(0)] = (
        0.0  # most length of all gradients together; 0: none, as CycleGAN. 1 to 10 tames a bfloat16 run
    )
    accumulate: Count = 1  # steps whose gradients make one update: a larger batch than memory holds


@dataclass(frozen=True)
class ComputeRecipe:
    """How the arithmetic is done; the recipe's, since it changes results in the last digits."""

    precision: Annotated[str, OneOf(("float32", "bfloat16"))] = (
        "float32"  # "bfloat16": weights stay float32; twice as fast on a GPU, slower on most CPUs
    )
    jit_compile: bool = False  # XLA under TensorFlow: measured a third slower on two CPU cores; JAX always compiles


@dataclass(frozen=True)
class PairsRecipe:
    """Aligned pairs, for `toon-train pairs`: loss weights, and augmentation that both pictures of a pair share."""

    photo_suffix: str = "_face"  # NN_face.jpg and NN_comic.jpg in one folder are a pair
    cartoon_suffix: str = "_comic"
    zoom: Zoom = (0.75, 0.95)
    colour_jitter: Share = 0.15  # on both alike: tones that no pair shows, carried over as they are
    photo_jitter: Share = 0.05  # on the photograph alone: more of it teaches to average skin tones
    l1_weight: Weight = 1.0
    gradient_weight: Weight = 1.0  # L1 of horizontal and vertical differences: lines
    ssim_weight: Weight = 0.5
    adversarial_weight: Weight = (
        0.1  # sharpness, which no average of plausible answers has; 0 spares a third of the time
    )


@dataclass(frozen=True)
class StudentRecipe:
    """The small generator that ships: see training/networks/student.py for the layout."""

    stem_filters: Count = 32
    filters: Count = 96  # a multiple of 16, or int8 kernels pad
    blocks: Count = 8
    kernel: Count = 3  # of the blocks' depthwise convolutions: at 128 px 3 sees half of a face, 5 the whole
    style_every: Count = 1  # with several styles, every so many blocks one has gains and shifts of its own for each


@dataclass(frozen=True)
class DistillRecipe:
    """Regression of the student onto its teachers; weights of the loss terms."""

    l1_weight: Weight = 1.0
    gradient_weight: Weight = 1.0  # L1 of horizontal and vertical differences: lines
    ssim_weight: Weight = 0.5
    haar_weight: Weight = 0.0  # L1 of the wavelet's high bands: sharper, at the price of noise where a teacher flickers
    feature_weight: Weight = 0.0  # L1 of what the teacher's encoder sees: a quarter slower
    range_weight: Weight = 0.0  # holds the sums of the blocks within -8..8: int8 divides the widest by 256
    adversarial_weight: Weight = 0.0  # sharpness, from a discriminator between the student's and the teachers' pictures
    shares: str = ""  # parts of a batch by teacher, as "4 1 1", for one that is harder to learn; empty: even
    learning_rate: Rate = 2e-3
    shift_px: CountOrNone = 1  # the student's picture is moved so far against its teacher's: steadier video
    noise_levels: GreyLevels = 2.0  # grey levels of noise on the student's input only: less flicker on video


@dataclass(frozen=True)
class EncoderRecipe:
    """The network that scores look through; see training/trainers/encoder.py."""

    filters: Count = 32
    features: Count = 128  # more would want more test pictures: a Frechet distance fits features squared numbers
    learning_rate: Rate = 1e-3
    temperature: Annotated[float, Range(above=0)] = (
        0.2  # of the contrast; the lower, the harder it tells look-alikes apart
    )


@dataclass(frozen=True)
class FastStyleRecipe:
    """Feed-forward style transfer: weights of the losses in training/networks/perceptual.py, layers by name."""

    strength: Share = 1.0  # 0 the photograph, 1 the style
    style_px: SidePx = 128  # longer side of the style pictures: its share of the photograph's scales the brush
    style_layers: str = ""  # by spaces; empty: all of Gatys et al.'s that see no more than the style picture
    content_layers: str = "relu3_1 relu4_1"
    content_weight: Weight = 1.0
    style_weight: Weight = 4.0
    tv_weight: Weight = 1.0
    learning_rate: Rate = 2e-3
    noise_levels: GreyLevels = 2.0  # grey levels of noise on the input only: less flicker on video


@dataclass(frozen=True)
class NewStyleRecipe:
    """One more style for a student that has some; weights of the losses in training/trainers/new_style.py."""

    start: str = "nearest"  # which style the new one begins as: the nearest to the cartoons, "mean", or a name
    style_weight: Weight = 4.0  # VGG's Gram matrices; this and content_weight 0: no VGG needed
    style_layers: str = ""  # by spaces; empty: all of Gatys et al.'s that see no more than the picture
    content_weight: Weight = 1.0
    content_layers: str = "relu3_1"
    colour_weight: Weight = 2.0  # sliced Wasserstein distance between a batch's colours and the cartoons'
    edge_weight: Weight = 1.0  # L1 of grey differences to what the student draws in the style that this one began as
    adversarial_weight: Weight = 0.1
    critic_px: SidePx = 64  # most size at which the discriminator judges
    learning_rate: Rate = 2e-3
    noise_levels: GreyLevels = 2.0  # grey levels of noise on the input only: less flicker on video
    trunk: bool = False  # train the shared weights too; the old styles are then held near what they were
    trunk_learning_rate: Rate = 1e-4
    hold_weight: Weight = 10.0  # L1 of pictures and of their differences, old student to new


@dataclass(frozen=True)
class PrepareRecipe:
    """What `toon-train prepare` keeps; docs/PREPARE.md says how each score is measured."""

    size_px: Annotated[int, Range(16, 1024)] = (
        128  # side of the crops: a recipe caches 1.25 of its own size, so this serves runs up to 102 px
    )
    test_share: TestShare = 0.2  # the seed's 80:20
    face_height: Annotated[float, Range(0.1, 1)] = (
        0.72  # facetoon.edge_runtime.framing.Framing's own: the live crop must agree
    )
    face_centre_y: Annotated[float, Range(above=0, below=1)] = 0.55
    faces: Annotated[str, OneOf(("largest", "all", "single"))] = (
        "largest"  # of several: the largest alone, "all" for a crop each, "single" to reject the picture
    )
    other_face: Share = 0.5  # a further face counts when its height is at least this share of the largest one's
    believe: Share = 0.6  # face probability: the device gives up at 0.5, a training picture should be surer
    min_side_px: CountOrNone = 64  # of the picture; the seed's size
    min_face_px: CountOrNone = 46  # 0.72 of 64: a smaller face would be enlarged even for the seed's size
    max_megapixels: Annotated[float, Range(above=0)] = (
        50.0  # decoded at once in each process (150 MB); most JPEGs shrink up to 8 times while read
    )
    min_sharpness: Annotated[float, Range(0)] = (
        0.14  # of the crop at 128 px: Gaussian blur of 2 px brings three crops of four below it
    )
    min_brightness: GreyLevels = 45.0  # mean grey level of the face
    max_brightness: GreyLevels = 215.0
    min_contrast: GreyLevels = 12.0  # standard deviation of the face's grey levels: fog, plain areas
    max_turn: Annotated[float, Range(0)] = (
        0.4  # nose off the eyes' middle in eye distances: about 35 degrees to the side
    )
    profile_hits: Count = 8  # windows of OpenCV's profile cascade, where no face was found, that make a profile of it
    max_roll_deg: Annotated[float, Range(0, 180)] = (
        30.0  # crops are levelled; beyond this, the detectors' own measures grow unsure
    )
    max_cut: Share = 0.08  # share of the face's outline outside the picture
    max_outside: Share = 0.30  # share of the crop outside the picture, where the border is repeated
    max_elongation: Annotated[float, Range(1)] = 1.5  # of a cartoon taken whole: its middle square must be most of it
    grey_chroma: GreyLevels = (
        10.0  # grey levels between a pixel's channels, 95th percentile: below it the picture is grey
    )
    max_grey_share: Share = 0.1  # of the kept pictures of a domain: more would teach the generator to drop colour
    duplicate_bits: Annotated[int, Range(0, 256)] = (
        40  # of 256: measured on 6,000 faces, copies differ by 8 at most, others by 48 at least
    )
    identity_pattern: Annotated[str, GroupPattern()] = (
        ""  # regular expression on file names; equal first groups are one person: one side
    )
    check_framing: Annotated[float, Range(0)] = (
        0.25  # in --check: how far the face's height may be off the framing, as a share
    )
