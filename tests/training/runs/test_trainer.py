"""Every trainer implements the interface of the training loop."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import SimpleNamespace

import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training import trainers
from facetoon.training.networks import vgg_weights
from facetoon.training.networks.student import build_student
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.parts import StudentRecipe
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.runs import checkpoint
from facetoon.training.runs.trainer import Trainer
from facetoon.training.trainers.critic_cyclegan import CriticCycleGAN
from facetoon.training.trainers.cyclegan_trainer import CycleGAN
from facetoon.training.trainers.distill_trainer import Distillation
from facetoon.training.trainers.fast_style_trainer import FastStyle
from facetoon.training.trainers.pairs_trainer import PairedTranslation
from facetoon.training.trainers.sharpen_trainer import Sharpening
from facetoon.training.trainers.style_trainer import NewStyle

STYLE = np.random.default_rng(1).integers(0, 256, (96, 96, 3), np.uint8)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A CycleGAN's generators of 16 px and a student of two styles, untrained, as runs keep them."""
    root = tmp_path_factory.mktemp("models")
    for name in ("teacher", "student"):
        (root / name).mkdir()
    for direction in checkpoint.DIRECTIONS:
        image = keras.Input((16, 16, 3))
        picture = keras.layers.Conv2D(3, 3, 2, padding="same")(image)
        picture = keras.layers.UpSampling2D(2)(picture)
        keras.Model(image, picture).save(root / "teacher" / f"generator_{direction}.keras")
    build_student(16, StudentRecipe(16, 16, 1), styles=2).save(root / "student" / "generator_ab.keras")
    return root


@pytest.fixture
def build(models, small, vgg_file, features_file):
    """A function that builds the smallest trainer of a class."""
    weights = vgg_weights.load_weights(str(vgg_file))
    builders = {
        CycleGAN: ("anime_64", (), lambda recipe: CycleGAN(recipe)),
        CriticCycleGAN: (
            "anime_critic_128",
            ("loss.back_px=16", "discriminator.projected_filters=8", "discriminator.pixel_filters=4"),
            lambda recipe: CriticCycleGAN(recipe, features_file, None),
        ),
        PairedTranslation: ("comic_64", ("generator.blocks=2",), lambda recipe: PairedTranslation(recipe)),
        Sharpening: (
            "sharpen_128",
            ("generator.blocks=2", "data.size_px=32"),
            lambda recipe: Sharpening(recipe, models / "teacher"),
        ),
        Distillation: ("distill_64", (), lambda recipe: Distillation(recipe, {"": models / "teacher"})),
        NewStyle: ("style", (), lambda recipe: NewStyle(recipe, models / "student", ["red", "blue"], weights)),
        FastStyle: ("fast_style_64", ("data.size_px=32",), lambda recipe: FastStyle(recipe, weights, [STYLE], [])),
    }

    def run(kind):
        name, sets, builder = builders[kind]
        return builder(load_recipe(name, [*small[1::2], *sets]))

    return SimpleNamespace(run=run, kinds=set(builders))


def classes():
    """Every trainer in training/trainers."""
    names = [module.name for module in pkgutil.iter_modules(trainers.__path__)]
    modules = [import_module(f"{trainers.__name__}.{name}") for name in names]
    members = {member for module in modules for _, member in inspect.getmembers(module, inspect.isclass)}
    return {member for member in members if Trainer in member.__mro__[1:]}


def test_all_trainers_are_held_to_it(build):
    assert classes() == build.kinds
    assert len(build.kinds) == 7


KINDS = [CycleGAN, CriticCycleGAN, PairedTranslation, Sharpening, Distillation, NewStyle, FastStyle]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_trainer_has_all_that_a_run_asks_for(build, kind, tmp_path):
    trainer = build.run(kind)
    for method in ("step", "test", "translate", "variables"):
        assert getattr(kind, method) is not getattr(Trainer, method), f"{kind.__name__} leaves {method} open"
    assert inspect.signature(trainer.step).parameters.keys() >= {"index"}
    assert trainer.sheet_pictures > 0
    assert trainer.generators.keys() <= {*checkpoint.DIRECTIONS}
    assert all(isinstance(model, keras.Model) for model in trainer.generators.values())
    networks = [variable for network in trainer.networks.values() for variable in network.variables]
    assert networks
    begins_with = trainer.variables[: len(networks)]
    assert all(a is b for a, b in zip(begins_with, networks, strict=True))
    checkpoint.save(tmp_path / "checkpoints", 3, trainer, keep=1)
    assert checkpoint.restore(tmp_path / "checkpoints", trainer) == 3


def test_a_trainer_without_teachers_learns_from_the_pictures_as_they_are(build):
    domains = {"photos": ImageSet(np.zeros((2, 20, 20, 3), np.uint8), np.zeros(2, int), "")}
    assert build.run(CycleGAN).teach(domains) is domains
