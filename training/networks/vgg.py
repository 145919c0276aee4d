"""VGG19 (Simonyan and Zisserman 2014) up to relu5_4 as a measure of content and style, with weights of three kinds.

The full network's from keras.applications or a file in its layout, and networks of the same layout with fewer channels,
such as the 16 times compressed encoder of Collaborative-Distillation (Wang et al. 2020).
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from facetoon.edge_runtime.errors import InputError
from numpy.typing import NDArray

Array = NDArray[np.float32]

BLOCK_SIZES = (2, 2, 4, 4, 4)
"""Convolutions of each block; a 2x2 max pooling lies between two blocks."""
LAYERS = tuple(f"relu{b}_{c}" for b, size in enumerate(BLOCK_SIZES, 1) for c in range(1, size + 1))
"""What an encoder can give, shallow to deep: relu3_1 is the rectified output of block 3's first convolution."""
STYLE_LAYERS = tuple(f"relu{block}_1" for block in range(1, 6))
"""Gatys et al.'s."""
IMAGENET = "imagenet"
IMAGENET_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
# What keras.applications' weights expect of RGB 0..1: BGR 0..255 less the mean of ImageNet.
_IMAGENET_INPUT = (255.0 * np.eye(3)[:, ::-1], -np.array([103.939, 116.779, 123.68]))


@dataclass(frozen=True)
class Weights:
    """Convolutions by layer (`relu1_1` first), as far as the file goes: kernel (3, 3, in, out), bias (out,)."""

    convolutions: dict[str, tuple[Array, Array]]
    input_map: tuple[Array, Array]
    """Matrix (3, 3) and bias (3,) that take RGB 0..1 to what the first convolution was trained on."""
    reflect: bool
    """Whether borders are mirrored, as in the encoders of universal style transfer, or zero, as in VGG19 itself."""
    sha256: str
    """Of the weights, whatever file they came in: part of a run's identity."""


def receptive_field_px(layer: str) -> int:
    """Side of the square that one value of `layer` sees."""
    block, convolution = _position(layer)
    side = 1
    for number, size in enumerate(BLOCK_SIZES[:block], 1):
        stride = 2 ** (number - 1)
        side += 2 * stride * (convolution if number == block else size)
        side += stride if number < block else 0
    return side


def least_side_px(layers: Iterable[str]) -> int:
    """The smallest side whose map at the deepest of `layers` is 2, the least that can be mirrored at its borders."""
    return 2 * 2 ** (max(_position(layer)[0] for layer in layers) - 1)


def default_style_layers(weights: Weights, side_px: int) -> tuple[str, ...]:
    """Gatys et al.'s five layers, less those that the weights lack or that see more than `side_px`."""
    return tuple(
        layer for layer in STYLE_LAYERS if layer in weights.convolutions and receptive_field_px(layer) <= side_px
    )


def check_layers(layers: Sequence[str], weights: Weights) -> None:
    """Raise InputError unless `weights` can give every layer."""
    for layer in layers:
        if layer not in weights.convolutions:
            there = ", ".join(weights.convolutions)
            raise InputError(f"There is no layer {layer} in these VGG weights; choose of {there}.")


def load_weights(source: str) -> Weights:
    """From a `.h5` or `.npz` file, or "imagenet": what keras.applications keeps or downloads.

    The layout is keras.applications': for each convolution `blockB_convC` with kernel and bias; further arrays, such as
    the classifier's, are left aside. With `input_1x1` the file brings its own input scaling and borders are mirrored.
    Raises InputError when the file cannot be had or holds another layout.
    """
    if source == IMAGENET:
        return _checked(_download(), f"keras.applications' {IMAGENET_FILE}")
    path = Path(source)
    if path.suffix not in (".h5", ".npz"):
        raise InputError(f"VGG weights come as .h5 or .npz, not {path.name}; or give {IMAGENET}.")
    if not path.is_file():
        raise InputError(f"There are no VGG weights at {path}.")
    return _checked(_read_npz(path) if path.suffix == ".npz" else _read_h5(path), str(path))


def build_encoder(weights: Weights, layers: Sequence[str]) -> Any:
    """A frozen Keras model: RGB (batch, h, w, 3) float -1..1 to {layer: (batch, h / 2^k, w / 2^k, channels)}."""
    import keras
    from keras import ops

    check_layers(layers, weights)
    inputs = keras.Input((None, None, 3))
    matrix, bias = weights.input_map
    x = _frozen_conv(0.5 * matrix[np.newaxis, np.newaxis], bias + 0.5 * matrix.sum(0), "input")(inputs)
    outputs = {}
    deepest = max(layers, key=LAYERS.index)
    for layer, (kernel, bias) in weights.convolutions.items():
        block, convolution = _position(layer)
        if block > 1 and convolution == 1:
            x = keras.layers.MaxPooling2D(2)(x)
        x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect" if weights.reflect else "constant")
        x = _frozen_conv(kernel, bias, layer, activation="relu")(x)
        if layer in layers:
            outputs[layer] = x
        if layer == deepest:
            break
    model = keras.Model(inputs, outputs, name="vgg19")
    model.trainable = False
    return model


def _frozen_conv(kernel: Array, bias: Array, name: str, activation: str | None = None) -> Any:
    import keras

    return keras.layers.Conv2D(
        kernel.shape[-1],
        kernel.shape[0],
        activation=activation,
        kernel_initializer=lambda shape, dtype=None: keras.ops.convert_to_tensor(kernel, dtype),
        bias_initializer=lambda shape, dtype=None: keras.ops.convert_to_tensor(bias, dtype),
        name=name,
    )


def _position(layer: str) -> tuple[int, int]:
    """Block and place in it, from 1."""
    if layer not in LAYERS:
        raise InputError(f"There is no layer {layer} in VGG19; layers are {LAYERS[0]}, {LAYERS[1]} ... {LAYERS[-1]}.")
    block, convolution = layer.removeprefix("relu").split("_")
    return int(block), int(convolution)


def _download() -> dict[str, Array]:
    """keras.applications' ImageNet weights, from its cache or the network."""
    import keras

    try:
        model = keras.applications.VGG19(weights=IMAGENET, include_top=False)
    except Exception as error:  # keras raises a bare Exception when the download fails
        if "URL fetch failure" not in str(error):
            raise
        home = Path(os.environ.get("KERAS_HOME", "~/.keras"))
        raise InputError(
            f"VGG19's ImageNet weights could not be downloaded: put {IMAGENET_FILE} (of keras.applications) into "
            f"{home.expanduser() / 'models'}, or name a file with --vgg-weights."
        ) from None
    arrays = {}
    for layer in model.layers:
        for what, value in zip(("kernel", "bias"), layer.get_weights(), strict=False):
            arrays[f"{layer.name}/{what}"] = value
    return arrays


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise InputError(f"The VGG weights {path} cannot be read: {error}.") from None


def _read_h5(path: Path) -> dict[str, Array]:
    """Arrays by `layer/kernel` and `layer/bias`, however deep the file nests them (Keras 1 to 3 differ)."""
    import h5py

    arrays = {}

    def collect(name: str, item: Any) -> None:
        layer = re.search(r"block\d_conv\d", name)
        if layer and isinstance(item, h5py.Dataset):
            arrays[f"{layer[0]}/{'kernel' if item.ndim == 4 else 'bias'}"] = np.asarray(item)

    try:
        with h5py.File(path) as file:
            file.visititems(collect)
    except OSError as error:
        raise InputError(f"The VGG weights {path} cannot be read: {error}.") from None
    return arrays


def _checked(arrays: Mapping[str, Array], where: str) -> Weights:
    """Weights, once the layout is seen to be VGG19's, whole or cut off at some depth; InputError otherwise."""
    convolutions: dict[str, tuple[Array, Array]] = {}
    digest = hashlib.sha256()
    channels = 3
    for layer in LAYERS:
        name = "block{}_conv{}".format(*_position(layer))
        kernel, bias = arrays.get(f"{name}/kernel"), arrays.get(f"{name}/bias")
        if kernel is None or bias is None:
            break
        if kernel.ndim != 4 or kernel.shape[:3] != (3, 3, channels) or bias.shape != kernel.shape[3:]:
            raise InputError(
                f"{where} is not laid out as VGG19: {name} has kernel {kernel.shape} and bias {bias.shape}, "
                f"not (3, 3, {channels}, n) and (n,)."
            )
        channels = kernel.shape[3]
        convolutions[layer] = (kernel.astype(np.float32), bias.astype(np.float32))
        digest.update(kernel.tobytes() + bias.tobytes())
    _refuse_gaps(arrays, convolutions, where)
    matrix, offset = (np.asarray(array, np.float32) for array in _IMAGENET_INPUT)
    if reflect := "input_1x1/kernel" in arrays:
        matrix, offset = arrays["input_1x1/kernel"].reshape(3, 3), arrays["input_1x1/bias"]
        digest.update(matrix.tobytes() + offset.tobytes())
    input_map = (matrix.astype(np.float32), offset.astype(np.float32))
    return Weights(convolutions, input_map, reflect, digest.hexdigest())


def _refuse_gaps(arrays: Mapping[str, Array], found: Mapping[str, Any], where: str) -> None:
    """VGG16, say, has block4_conv1 but no block3_conv4."""
    kernels = [name for name in arrays if re.fullmatch(r"block\d_conv\d/kernel", name)]
    if not found or len(kernels) > len(found):
        lacks = "block{}_conv{}".format(*_position(LAYERS[len(found)])) if len(found) < len(LAYERS) else "nothing"
        raise InputError(f"{where} is not laid out as VGG19: it lacks {lacks}.")
