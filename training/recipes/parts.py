"""The sections of a recipe. The type of a field holds its bounds; recipes/*.toml give reasons for other values.

A default is the seed recipe's value, or the usual value in the literature.
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
    """How pictures become batches. A zoom is the share of the picture's side that a crop keeps, [least, most]."""

    size_px: SidePx = 64
    test_share: TestShare = 0.2  # the seed's 80:20; a file's hash decides, so the split stays when files are added
    photo_zoom: Zoom = (0.85, 1.0)
    cartoon_zoom: Zoom = (0.85, 1.0)
    cartoon_centre_y: Share = 0.5  # where the middle of the crop lies, as a share of the cartoon's height
    rotate_deg: Annotated[float, Range(0, 180)] = 6.0
    mirror: bool = True  # swaps left and right in half of the crops, which doubles the set
    photo_colour_jitter: Share = 0.2  # relative gain per channel, and brightness
    cartoon_colour_jitter: Share = 0.0  # above 0 the generator learns to draw the jitter


@dataclass(frozen=True)
class GeneratorRecipe:
    """The teacher's network; training/networks/teacher.py has the layouts."""

    # "resnet": Johnson et al. 2016, Zhu et al. 2017; "unet": Isola et al. 2017, whose skips keep the layout.
    # "unet_shuffle": training/networks/unet_shuffle.py, which does without `norm`.
    kind: Annotated[str, OneOf(("resnet", "unet", "unet_shuffle"))] = "resnet"
    filters: Count = 32
    # Residual blocks at a quarter of the size; for "unet" the halvings, for "unet_shuffle" the blocks at an eighth.
    blocks: Count = 6
    # "batch" needs batches of 16 or more, and draws differently at inference than in training.
    norm: Annotated[str, OneOf(("instance", "batch"))] = "instance"


@dataclass(frozen=True)
class DiscriminatorRecipe:
    """PatchGAN (Isola et al. 2017): `layers` strided convolutions. Or "projected": heads on frozen features."""

    filters: Count = 64
    layers: Count = 3
    # 2 adds a discriminator at half size, which sees the whole face (Wang et al. 2018).
    scales: Annotated[int, OneOf((1, 2))] = 1
    norm: Annotated[str, OneOf(("instance", "none"))] = "instance"  # "none" goes with spectral_norm, as in U-GAT-IT
    spectral_norm: bool = False  # bounds the network's slope (Miyato et al. 2018): steadier, a tenth slower
    cam: bool = False  # class-activation-map head (Kim et al. 2020): shows where it looks; free at inference
    # Zhao et al. 2020. For a few hundred pictures, not for thousands.
    diff_augment: Annotated[str, SomeOf(("colour", "translation", "cutout"))] = ""
    # "projected": Sauer et al. 2021, training/critic/projected_critic.py. It needs --features, and takes
    # the fields below in place of those above.
    kind: Annotated[str, OneOf(("patch", "projected"))] = "patch"
    projected_filters: Count = 64  # channels of the frozen random projections
    # The features see larger pictures at this size. The pixel critic sees them whole.
    look_px: Annotated[int, Range(32)] = 128
    pixel_filters: Count = 24  # of the pixel critic's first convolution
    pixel_weight: Weight = 0.5  # of the pixel critic; each head has 1


@dataclass(frozen=True)
class LossRecipe:
    """Weights relative to the adversarial loss."""

    gan: Annotated[str, OneOf(("lsgan", "hinge"))] = "lsgan"  # CycleGAN's; "hinge" goes with spectral_norm
    cycle: Annotated[str, OneOf(("mse", "l1"))] = "mse"  # the seed's; "l1" is Zhu et al.'s
    cycle_weight: Weight = 10.0
    # With a projected critic a light generator finds the way back, at this size.
    back_px: SidePx = 64
    identity_weight: Weight = 0.0  # above 0 costs two more generator passes a step
    colour_weight: Weight = 0.0  # MSE of 8x8-pixel means between input and output: hair and skin keep their tone
    # Zero-centred, on real pictures (R1). Above 0 a discriminator step takes twice as long.
    gradient_penalty_weight: Weight = 0.0


@dataclass(frozen=True)
class HoldRecipe:
    """The colour that a generator with a projected critic must keep; see training/critic/held_colour.py."""

    cells: Count = 16  # cells along a side of the grid whose mean colours are compared
    kept_share: Share = 0.6  # of the cells of skin and of hair: the others may change to any colour
    skin_weight: Weight = 8.0  # of chroma
    hair_weight: Weight = 8.0  # of chroma
    light_weight: Weight = 4.0  # of the lightness of both
    light_slack: Annotated[float, Range(0, 100)] = 10.0  # in L of Lab: so far lightness may change at no cost
    rest_weight: Weight = 3.0  # of coarse colour outside skin, hair and features


@dataclass(frozen=True)
class StartRecipe:
    """The steps of a run with a projected critic before the critic comes."""

    # "anime": regression to a drawn geometry, training/guides/drawn_geometry.py.
    draw: Annotated[str, OneOf(("", "anime"))] = ""
    steps: CountOrNone = 0
    learning_rate: Rate = 1e-3


@dataclass(frozen=True)
class OptimizerRecipe:
    """Adam. The rate is constant at first, then falls linearly to zero."""

    beta_1: Annotated[float, Range(0, below=1)] = 0.5  # CycleGAN's; 0 with a projected critic
    beta_2: Annotated[float, Range(0, below=1)] = 0.999
    learning_rate_generator: Rate = 2e-4
    learning_rate_discriminator: Rate = 2e-4  # TTUR (Heusel et al. 2017) uses two rates: 5e-5 and 1e-4 in UVCGAN2
    # The rate falls after this share of the steps; 0.5 is CycleGAN's 100 + 100 epochs.
    decay_from: Annotated[float, Range(0, below=1)] = 0.5
    # Decay of the average that becomes the saved generator; short runs need less than 0.9999.
    ema_decay: Annotated[float, Range(0, below=1)] = 0.999
    pool_size: CountOrNone = 50  # earlier fakes that the discriminators see again (Shrivastava et al. 2017)
    # Largest norm of all gradients together; 0: no limit, as in CycleGAN. 1 to 10 stabilizes a bfloat16 run.
    clip_norm: Annotated[float, Range(0)] = 0.0
    accumulate: Count = 1  # steps whose gradients make one update, for batches that do not fit into memory


@dataclass(frozen=True)
class ComputeRecipe:
    """Arithmetic. It is part of the recipe because it changes the last digits of results."""

    # With "bfloat16" weights stay float32; twice as fast on a GPU, slower on most CPUs.
    precision: Annotated[str, OneOf(("float32", "bfloat16"))] = "float32"
    jit_compile: bool = False  # XLA under TensorFlow: measured a third slower on two CPU cores; JAX always compiles


@dataclass(frozen=True)
class PairsRecipe:
    """Aligned pairs, for `toon-train pairs`: loss weights, and augmentation that both pictures of a pair share."""

    photo_suffix: str = "_face"  # NN_face.jpg and NN_comic.jpg in one folder are a pair
    cartoon_suffix: str = "_comic"
    zoom: Zoom = (0.75, 0.95)
    colour_jitter: Share = 0.15  # the same on both pictures: new tones, which the generator learns to keep
    photo_jitter: Share = 0.05  # on the photograph alone: more would teach the generator to average skin tones
    l1_weight: Weight = 1.0
    gradient_weight: Weight = 1.0  # L1 of horizontal and vertical differences: lines
    ssim_weight: Weight = 0.5
    # For sharpness, which an average of plausible answers lacks. 0 saves a third of the time.
    adversarial_weight: Weight = 0.1


@dataclass(frozen=True)
class StudentRecipe:
    """The small generator that ships: see training/networks/student.py and deep_student.py for the layouts."""

    stem_filters: Count = 32  # at half the size
    filters: Count = 96  # of the blocks; int8 kernels pad to a multiple of 16
    blocks: Count = 8
    kernel: Count = 3  # of the blocks' depthwise convolutions; at 128 px, 3 sees half of a face and 5 all of it
    style_every: Count = 1  # with several styles, every n-th block has its own gains and shifts for each style
    # "plain": blocks at a quarter of the size; "deep": at an eighth, with skips, for 256 px.
    kind: Annotated[str, OneOf(("plain", "deep"))] = "plain"
    middle_filters: Count = 48  # of "deep", at a quarter of the size
    matte: bool = False  # of "deep": a fourth output channel, the matte of the head


@dataclass(frozen=True)
class DistillRecipe:
    """Regression of the student to its teachers; weights of the loss terms."""

    l1_weight: Weight = 1.0
    gradient_weight: Weight = 1.0  # L1 of horizontal and vertical differences: lines
    ssim_weight: Weight = 0.5
    line_weight: Weight = 0.0  # L1 on the teacher's dark lines alone, which a mean over all pixels washes out
    detail_weight: Weight = 0.0  # L1 on eyes, brows and mouth alone, for a student with a matte
    matte_weight: Weight = 1.0  # L1 of the matte, for a student that has one
    perceptual_weight: Weight = 0.0  # L1 of frozen ImageNet features (--features)
    settle_from: Share = 1.0  # of the steps, after which batch normalization uses its moving statistics in training too
    # Side of the windows of the crops that steps train on, more often from their middle: many eyes for little time. 0:
    # whole crops.
    window_px: CountOrNone = 0
    whole_from: Share = 0.7  # of the steps, after which they train on whole crops
    hold_skin: bool = False  # faces by runs and .keras files are not lighter than the person's (--segments)
    webcam_share: Share = 0.0  # of the inputs, made to look like a webcam's: soft, noisy, compressed, dark, tinted
    haar_weight: Weight = 0.0  # L1 of the wavelet's high bands: sharper, but noisy where a teacher flickers
    feature_weight: Weight = 0.0  # L1 of the teacher's own features; makes training a quarter slower
    range_weight: Weight = 0.0  # keeps the blocks' sums within -8..8, because int8 divides the widest range by 256
    adversarial_weight: Weight = 0.0  # sharpness, from a discriminator between the student's and the teachers' pictures
    shares: str = ""  # each teacher's parts of a batch, such as "4 1 1" for a difficult first style; empty: equal
    learning_rate: Rate = 2e-3
    shift_px: CountOrNone = 1  # largest shift of the student's input against its teacher's: steadier video
    noise_levels: GreyLevels = 2.0  # grey levels of noise on the student's input only: less flicker on video


@dataclass(frozen=True)
class FastStyleRecipe:
    """Feed-forward style transfer: weights of the losses in training/networks/perceptual.py, layers by name."""

    strength: Share = 1.0  # 0 the photograph, 1 the style
    style_px: SidePx = 128  # longer side of the style pictures; its ratio to the photograph's side scales the brush
    style_layers: str = ""  # separated by spaces; empty: layers of Gatys et al. that see no more than the style picture
    content_layers: str = "relu3_1 relu4_1"
    content_weight: Weight = 1.0
    style_weight: Weight = 4.0
    tv_weight: Weight = 1.0
    learning_rate: Rate = 2e-3
    noise_levels: GreyLevels = 2.0  # grey levels of noise on the input only: less flicker on video


@dataclass(frozen=True)
class NewStyleRecipe:
    """One more style for a student of several styles; weights of the losses in training/trainers/style_trainer.py."""

    start: str = "nearest"  # the style that the new one starts from: the nearest to the cartoons, "mean", or a name
    style_weight: Weight = 4.0  # of VGG's Gram matrices; VGG is not needed when this and content_weight are 0
    style_layers: str = ""  # separated by spaces; empty: layers of Gatys et al. that see no more than the picture
    content_weight: Weight = 1.0
    content_layers: str = "relu3_1"
    colour_weight: Weight = 2.0  # sliced Wasserstein distance between a batch's colours and the cartoons'
    edge_weight: Weight = 1.0  # L1 of grey differences to the student's picture in the style it started from
    adversarial_weight: Weight = 0.1
    critic_px: SidePx = 64  # the discriminator sees pictures of at most this size
    learning_rate: Rate = 2e-3
    noise_levels: GreyLevels = 2.0  # grey levels of noise on the input only: less flicker on video
    trunk: bool = False  # also train the shared weights; a loss then keeps the old styles
    trunk_learning_rate: Rate = 1e-4
    # L1 of pictures and of their differences, between old and new student. It also holds the new style's matte.
    hold_weight: Weight = 10.0


@dataclass(frozen=True)
class PrepareRecipe:
    """Limits of `toon-train prepare`; docs/PREPARE.md says how each score is measured."""

    # Side of the crops. A run keeps pictures at 1.25 times its own size, so 128 is enough for runs up to 102 px.
    size_px: Annotated[int, Range(16, 1024)] = 128
    test_share: TestShare = 0.2  # the seed's 80:20
    # The defaults of facetoon.edge_runtime.framing.Framing, because the live crop must have the same framing.
    face_height: Annotated[float, Range(0.1, 1)] = 0.72
    face_centre_y: Annotated[float, Range(above=0, below=1)] = 0.55
    # For pictures with several faces: "largest" keeps one, "all" makes a crop of each, "single" rejects the picture.
    faces: Annotated[str, OneOf(("largest", "all", "single"))] = "largest"
    other_face: Share = 0.5  # another face counts when it has at least this share of the largest one's height
    believe: Share = 0.6  # least face probability; the device accepts 0.5, and training pictures should be more certain
    min_side_px: CountOrNone = 64  # of the picture; the seed's size
    # The device's detector searches for faces from this height on, 24 or more; 0: 1/11 of the picture's longest side.
    smallest_face_px: CountOrNone = 0
    min_face_px: CountOrNone = 46  # 0.72 of 64: a smaller face would be enlarged even at the seed's size
    # Pixels that a process decodes at once (150 MB). Most JPEGs can shrink up to 8 times while they are read.
    max_megapixels: Annotated[float, Range(above=0)] = 50.0
    # Measured on the crop at 128 px. A Gaussian blur of 2 px brings three crops in four below this limit.
    min_sharpness: Annotated[float, Range(0)] = 0.14
    min_brightness: GreyLevels = 45.0  # mean grey level of the face
    max_brightness: GreyLevels = 215.0
    min_contrast: GreyLevels = 12.0  # standard deviation of the face's grey levels: fog, plain areas
    # From the nose to the middle of the eyes, in eye distances: about 35 degrees to the side.
    max_turn: Annotated[float, Range(0)] = 0.4
    profile_hits: Count = 8  # windows of OpenCV's profile cascade that make a picture without a face a profile
    # Crops are levelled. Beyond this angle the detectors' measurements are unreliable.
    max_roll_deg: Annotated[float, Range(0, 180)] = 30.0
    max_cut: Share = 0.08  # share of the face's outline outside the picture
    max_outside: Share = 0.30  # share of the crop outside the picture, where its border is repeated
    max_elongation: Annotated[float, Range(1)] = 1.5  # of a whole cartoon, because only its middle square is kept
    # Grey levels between a pixel's channels, 95th percentile. Below it a picture counts as grey.
    grey_chroma: GreyLevels = 10.0
    max_grey_share: Share = 0.1  # of the kept pictures of a domain; more would teach the generator to drop colour
    # Bits of 256. On 6,000 faces, copies differed by at most 8 bits and different faces by at least 48.
    duplicate_bits: Annotated[int, Range(0, 256)] = 40
    # A regular expression for file names. Pictures with the same first group show one person, who stays on one side.
    identity_pattern: Annotated[str, GroupPattern()] = ""
    # In --check: how far the face's height may be from the framing's, as a share.
    check_framing: Annotated[float, Range(0)] = 0.25
