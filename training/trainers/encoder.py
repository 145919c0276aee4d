"""The encoder that scores look through: a small network that this kit trains itself, and that no loss ever uses.

It learns three things of every picture, on training pictures alone: which of the given sources it comes from; which
other crop in the batch shows the same picture (NT-Xent, Chen et al. 2020); and whether it was bent by a pixel or three.
The first makes it see style, the second keeps it from forgetting everything else, as a plain classifier does, and the
third makes it see shape: without it, faces pulled out of shape scored like straight ones.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.trainers.optimizers import linear_decay
from keras import layers, ops

PACKAGED = Path(__file__).parents[1] / "encoders" / "faces_64.keras"
BATCH = 128


def build_encoder(size_px: int, filters: int, features: int) -> keras.Model:
    """Pictures (batch, size_px, size_px, 3) float -1..1 to features (batch, `features`), a quarter from each quadrant.

    So a face in the wrong place is seen, which one mean over the whole picture would forgive.
    Raises InputError for sizes that cannot be halved so.
    """
    if size_px % 32 or features % 4:
        raise InputError(
            f"An encoder works at a multiple of 32 px with a multiple of 4 features, not {size_px} px and {features}."
        )
    image = keras.Input((size_px, size_px, 3), name="image")
    x = image
    for factor in (1, 2, 4, 4):
        x = layers.Conv2D(filters * factor, 3, 2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.ReLU()(layers.Conv2D(features // 4, 3, padding="same")(x))
    x = layers.AveragePooling2D(size_px // 32)(x)
    return keras.Model(image, layers.Flatten()(x), name="encoder")


class EncoderTraining:
    """Encoder, the three heads that only training needs, optimizer and the compiled step."""

    def __init__(self, recipe: Recipe, sources: int) -> None:
        """`sources` is how many kinds of pictures there are. Raises InputError for fewer than two."""
        if sources < 2:
            raise InputError("An encoder learns to tell sources apart: give at least two with --pictures.")
        keras.utils.set_random_seed(recipe.seed)
        self.recipe, self.sources, e = recipe, sources, recipe.encoder
        self.encoder = build_encoder(recipe.data.size_px, e.filters, e.features)
        self.classifier = keras.Sequential([keras.Input((e.features,)), layers.Dense(sources)], name="classifier")
        self.critic = keras.Sequential([keras.Input((e.features,)), layers.Dense(1)], name="critic")
        projection = [layers.Dense(e.features, "relu"), layers.Dense(64)]
        self.projector = keras.Sequential([keras.Input((e.features,)), *projection], name="projector")
        self.generators = {"encoder": self.encoder}
        networks = (self.encoder, self.classifier, self.projector, self.critic)
        self.networks = {network.name: network for network in networks}
        self.optimizer = keras.optimizers.Adam(e.learning_rate)
        self.optimizer.build(self._trained)
        self._train = compile_step(self._step, self.variables)

    @property
    def _trained(self) -> list[Any]:
        return [v for network in self.networks.values() for v in network.trainable_variables]

    @property
    def variables(self) -> list[Any]:
        """Every variable that a checkpoint must hold, in a fixed order."""
        return [v for part in (*self.networks.values(), self.optimizer) for v in part.variables]

    def host_state(self) -> dict[str, pixels.Tensor]:
        """Nothing: all state is in variables."""
        return {}

    def restore_host_state(self, state: dict[str, pixels.Tensor]) -> None:
        """The reverse of `host_state`."""

    def step(
        self, index: int, first: pixels.Tensor, second: pixels.Tensor, bent: pixels.Tensor, source: pixels.Tensor
    ) -> dict[str, float]:
        """Train once on views (batch, size_px, size_px, 3) of the same pictures and their sources (batch,)."""
        decay = linear_decay(index, self.recipe.steps, self.recipe.optimizer.decay_from)
        self.optimizer.learning_rate.assign(self.recipe.encoder.learning_rate * decay)
        return {name: float(value) for name, value in self._train(first, second, bent, source).items()}

    def translate(self, pictures: pixels.Tensor) -> list[pixels.Tensor]:
        """Columns of a sample sheet: the pictures alone."""
        return [pictures]

    def test(self, pictures: pixels.Tensor) -> dict[str, float]:
        """Share of held-out pictures, dealt evenly from the sources in turn, whose source it gets wrong."""
        chosen = np.asarray(self.classifier(self.encoder(pictures, training=False))).argmax(1)
        return {"test_error": float(np.mean(chosen != np.arange(len(pictures)) % self.sources))}

    def _step(self, first: Any, second: Any, bent: Any, source: Any) -> dict[str, Any]:
        def loss() -> Any:
            count = first.shape[0]
            features = self.encoder(ops.concatenate([first, second, bent]), training=True)
            straight = features[: 2 * count]
            scores = self.classifier(straight)
            told = ops.concatenate([source, source])
            known = ops.mean(keras.losses.sparse_categorical_crossentropy(told, scores, from_logits=True))
            same = _contrast(self.projector(straight), self.recipe.encoder.temperature)
            # The second view keeps out: it was resampled once less, and sharpness must not give the answer away.
            pair = self.critic(ops.concatenate([features[:count], features[2 * count :]]))
            is_bent = np.repeat([[0.0], [1.0]], count, axis=0).astype(np.float32)
            shape = ops.mean(keras.losses.binary_crossentropy(is_bent, pair, from_logits=True))
            return known + same + shape, {"source": known, "same": same, "shape": shape}

        _, parts, gradients = value_and_grad(loss, self._trained)
        self.optimizer.apply(gradients, self._trained)
        return parts


def _contrast(views: Any, temperature: float) -> Any:
    """NT-Xent of (2n, d): row i and row i + n show the same picture."""
    views = views / (ops.norm(views, axis=1, keepdims=True) + 1e-6)
    count = views.shape[0]
    likeness = ops.matmul(views, ops.transpose(views)) / temperature - 1e9 * ops.eye(count)
    partner = np.roll(np.arange(count), count // 2)
    return ops.mean(keras.losses.sparse_categorical_crossentropy(partner, likeness, from_logits=True))


def open_encoder(path: Path = PACKAGED) -> Callable[[pixels.Image], np.ndarray]:
    """A function of uint8 RGB pictures (n, side, side, 3) to features float32 (n, d), from a .keras or .onnx file.

    Pictures are resampled to the size it was made for, and reach it as -1..1, as Inception wants them too; in ONNX
    channels may come first or last. Raises InputError when it is none that makes one vector of a square picture.
    """
    size_px, run = _onnx(path) if path.suffix == ".onnx" else _keras(path)

    def encode(images: pixels.Image) -> np.ndarray:
        parts = []
        for start in range(0, len(images), BATCH):
            fitted = np.stack([pixels.square(image, size_px) for image in images[start : start + BATCH]])
            parts.append(run(pixels.to_unit(fitted)))
        return np.concatenate(parts)

    return encode


def _keras(path: Path) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    try:
        model = keras.saving.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not an encoder that can be loaded: {str(error).splitlines()[0]}") from None
    taken = tuple(model.input_shape) if isinstance(model.input_shape, tuple) else ()
    size_px = _side_px(taken[1:], path)
    _check_vector(model.output_shape, path)
    return size_px, lambda pictures: np.asarray(model(pictures, training=False))


def _onnx(path: Path) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise InputError("An .onnx encoder needs onnxruntime: pip install 'facetoon[onnx]' brings it.") from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds share no base but this
        raise InputError(f"{path} is not an encoder that can be loaded: {str(error).splitlines()[0]}") from None
    given = session.get_inputs()[0]
    _check_vector(session.get_outputs()[0].shape, path)
    first = given.shape[1] == 3
    size_px = _side_px((*given.shape[2:], 3) if first else given.shape[1:], path)
    at_once = given.shape[0] if isinstance(given.shape[0], int) else BATCH

    def run(pictures: np.ndarray) -> np.ndarray:
        if first:
            pictures = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
        parts = [pictures[i : i + at_once] for i in range(0, len(pictures), at_once)]
        return np.concatenate([session.run(None, {given.name: part})[0] for part in parts])

    return size_px, run


def _side_px(shape: Sequence[Any], path: Path) -> int:
    """Of (height, width, channels), where None or text stands for any."""
    side_px = shape[0] if len(shape) == 3 else None
    if not isinstance(side_px, int) or shape[1] != side_px or shape[2] != 3:
        raise InputError(f"{path} takes {tuple(shape)}; an encoder takes square RGB pictures of one size.")
    return side_px


def _check_vector(shape: Sequence[Any], path: Path) -> None:
    if len(shape) != 2:
        raise InputError(f"{path} makes {tuple(shape)} of pictures; an encoder makes one vector of each.")
