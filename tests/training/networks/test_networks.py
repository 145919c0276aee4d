"""Each recipe field of the networks and losses does what it says, on tiny networks and real steps."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks import losses
from facetoon.training.networks.diff_augment import augment
from facetoon.training.networks.discriminator import SpectralConv2D, build_discriminator
from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.parts import DiscriminatorRecipe, GeneratorRecipe
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.trainers.adversary import Adversary
from facetoon.training.trainers.cyclegan import CycleGAN

RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.uniform(-1, 1, (4, 16, 16, 3)).astype("float32")
SMALL = ["data.size_px=16", "generator.filters=4", "generator.blocks=1", "discriminator.filters=4"]
SMALL += ["discriminator.layers=2", "optimizer.pool_size=0", "batch_size=4"]


@pytest.mark.parametrize("kind", ["resnet", "unet"])
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_generators_keep_size_and_range(kind, norm):
    out = np.asarray(build_generator(GeneratorRecipe(kind, 4, 2, norm), 16, "g")(IMAGES * 9))
    assert out.shape == IMAGES.shape
    assert np.abs(out).max() <= 1


def test_a_size_that_cannot_be_halved_is_refused():
    with pytest.raises(InputError, match="multiple of 8"):
        build_generator(GeneratorRecipe("unet", 4, 3), 20, "g")


@pytest.mark.parametrize(("scales", "cam"), [(1, False), (2, False), (1, True), (2, True)])
def test_discriminators_have_a_head_for_each_scale_and_map(scales, cam):
    heads = build_discriminator(DiscriminatorRecipe(4, 2, scales, "none", True, cam), 16, "d")(IMAGES)
    assert len(heads if isinstance(heads, list) else [heads]) == scales * (1 + cam)


def test_a_discriminator_may_be_told_the_style():
    told = build_discriminator(DiscriminatorRecipe(4, 2, 2, "none"), 16, "d", styles=2)
    one, other = (told([IMAGES, np.tile(np.float32([style]), (len(IMAGES), 1))]) for style in ([1, 0], [0, 1]))
    assert all(not np.allclose(a, b) for a, b in zip(one, other, strict=True))


def test_spectral_norm_brings_the_largest_singular_value_to_one():
    layer = SpectralConv2D(8, 3, padding="same", use_bias=False)
    layer.build((None, 16, 16, 3))
    layer.kernel.assign(RANDOM.normal(0, 2, (3, 3, 3, 8)))
    for _ in range(30):
        layer(IMAGES, training=True)
    matrix = np.asarray(layer.kernel).reshape(-1, 8)
    by_hand = keras.ops.conv(IMAGES, np.asarray(layer.kernel) / np.linalg.norm(matrix, 2), padding="same")
    assert np.allclose(layer(IMAGES), by_hand, atol=1e-4)


def test_hinge_counts_only_what_is_not_told_apart_yet():
    assert float(losses.hinge_discriminator(np.array([2.0, 0.5]), np.array([-3.0, -1.0]))) == pytest.approx(0.125)
    assert float(losses.hinge_generator(np.array([1.0, 3.0]))) == -2


@pytest.mark.parametrize("policy", ["colour", "translation", "cutout", "colour,translation,cutout"])
def test_augmentation_changes_every_picture_its_own_way(policy):
    same = np.repeat(IMAGES[:1], 8, axis=0)
    out = np.asarray(augment(same, policy, keras.random.SeedGenerator(1)))
    assert out.shape == same.shape
    assert len({image.tobytes() for image in out}) >= 5
    if policy == "cutout":
        assert 0.05 < np.mean(out == 0) < 0.3  # a quarter, less what falls outside
        assert np.all((out == 0) | (out == same))


def test_gradient_penalty_is_the_squared_slope():
    """Against finite differences of the discriminator itself."""
    recipe = load_recipe("face_toon_64", [*SMALL, "loss.gradient_penalty_weight=2"])
    side = Adversary(recipe, "d", 1)
    noise = RANDOM.normal(size=(400, *IMAGES.shape)).astype("float32") * 1e-2
    moved = [
        float(np.mean(side.discriminator(IMAGES[:1] + n[:1])) - np.mean(side.discriminator(IMAGES[:1]))) for n in noise
    ]
    assert float(side._gradient_penalty(keras.ops.convert_to_tensor(IMAGES[:1]))) == pytest.approx(
        np.mean(np.square(moved)) / 1e-4, rel=0.3
    )


EXTRAS = {
    "everything": [
        *("discriminator.scales=2", "discriminator.cam=true", "discriminator.spectral_norm=true"),
        *("discriminator.norm=none", "loss.gan=hinge", "loss.gradient_penalty_weight=0.1", "loss.identity_weight=1"),
        *("discriminator.diff_augment='colour,translation,cutout'", "optimizer.clip_norm=1", "loss.cycle=l1"),
        *("generator.kind=unet", "generator.norm=batch", "compute.precision=bfloat16", "optimizer.accumulate=2"),
    ],
    "xla": ["compute.jit_compile=true"],
}


@pytest.mark.parametrize("extras", EXTRAS)
def test_steps_with_every_field_on(extras):
    model = CycleGAN(load_recipe("face_toon_64", [*SMALL, *EXTRAS[extras]]))
    before = [np.array(v) for v in model.gen_ab.trainable_variables]
    for index in range(2):
        parts = model.step(index, IMAGES, IMAGES[::-1].copy())
    assert all(np.isfinite(value) for value in parts.values())
    assert any(not np.array_equal(a, v) for a, v in zip(before, model.gen_ab.trainable_variables, strict=True))
    assert {v.dtype for v in model.generators["ab"].variables} == {"float32"}
    assert model.generators["ab"].dtype_policy.name == "float32"


def test_two_accumulated_batches_are_one_of_twice_the_size():
    whole = CycleGAN(load_recipe("face_toon_64", SMALL))
    halves = CycleGAN(load_recipe("face_toon_64", [*SMALL, "optimizer.accumulate=2"]))
    other = IMAGES[::-1].copy()
    whole.step(0, IMAGES, other)
    for index, rows in enumerate((slice(0, 2), slice(2, 4))):
        halves.step(index, IMAGES[rows], other[rows])
    for a, b in zip(whole.gen_ab.trainable_variables, halves.gen_ab.trainable_variables, strict=True):
        # Adam divides by the gradient's size, so where it is almost nothing its rounding shows: 2e-4 is one step
        assert np.mean(np.abs(np.asarray(a) - np.asarray(b))) < 1e-5
