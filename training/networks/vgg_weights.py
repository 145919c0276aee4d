"""Weights of VGG19's convolutions (Simonyan and Zisserman 2014), from a file or from keras.applications.

A file may hold the full network, or one of the same layout with fewer channels, such as the 16 times compressed
encoder of Collaborative-Distillation (Wang et al. 2020).
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError

Array = NDArray[np.float32]

BLOCK_SIZES = (2, 2, 4, 4, 4)
"""Convolutions of each block; a 2x2 max pooling lies between two blocks."""
LAYERS = tuple(f"relu{b}_{c}" for b, size in enumerate(BLOCK_SIZES, 1) for c in range(1, size + 1))
"""All layers from shallow to deep: relu3_1 is the rectified output of block 3's first convolution."""
IMAGENET = "imagenet"
IMAGENET_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
# Maps RGB 0..1 to the input of keras.applications' weights: BGR 0..255 minus the mean of ImageNet.
_IMAGENET_INPUT = (255.0 * np.eye(3)[:, ::-1], -np.array([103.939, 116.779, 123.68]))


@dataclass(frozen=True)
class VggWeights:
    """The convolutions, all of them or the first ones, and the scaling of their input."""

    convolutions: dict[str, tuple[Array, Array]]
    """Kernel (3, 3, in, out) and bias (out,) by layer, `relu1_1` first."""
    input_map: tuple[Array, Array]
    """Matrix (3, 3) and bias (3,) that map RGB 0..1 to the input of the first convolution."""
    reflect: bool
    """Whether borders are mirrored, as in the encoders of universal style transfer, or zero, as in VGG19 itself."""
    sha256: str
    """Hash of the arrays, independent of the file format; a part of a run's identity."""


def block_and_place(layer: str) -> tuple[int, int]:
    """Return the block of a layer and its place in the block, both from 1. Raises InputError for an unknown name."""
    if layer not in LAYERS:
        raise InputError(f"There is no layer {layer} in VGG19; layers are {LAYERS[0]}, {LAYERS[1]} ... {LAYERS[-1]}.")
    block, place = layer.removeprefix("relu").split("_")
    return int(block), int(place)


def load_weights(source: str) -> VggWeights:
    """Load weights from a `.h5` or `.npz` file; "imagenet" takes keras.applications' weights from its cache or the net.

    The layout is that of keras.applications: each convolution `blockB_convC` has kernel and bias. Other arrays, such as
    the classifier's, are ignored. A file with `input_1x1` has its own input scaling, and borders are mirrored.
    Raises InputError when the file is missing or holds another layout.
    """
    if source == IMAGENET:
        return _checked(_download(), f"keras.applications' {IMAGENET_FILE}")
    path = Path(source)
    if path.suffix not in (".h5", ".npz"):
        raise InputError(f"VGG weights come as .h5 or .npz, not {path.name}; or give {IMAGENET}.")
    if not path.is_file():
        raise InputError(f"There are no VGG weights at {path}.")
    return _checked(_read_npz(path) if path.suffix == ".npz" else _read_h5(path), str(path))


def _download() -> dict[str, Array]:
    """Load keras.applications' ImageNet weights from its cache or the network."""
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
        for name, value in zip(("kernel", "bias"), layer.get_weights(), strict=False):
            arrays[f"{layer.name}/{name}"] = value
    return arrays


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise InputError(f"The VGG weights {path} cannot be read: {error}.") from None


def _read_h5(path: Path) -> dict[str, Array]:
    """Read arrays by `layer/kernel` and `layer/bias` at any depth of the file (Keras 1 to 3 nest them differently)."""
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


def _checked(arrays: Mapping[str, Array], where: str) -> VggWeights:
    """Return the arrays as VggWeights. Raises InputError unless their layout is that of VGG19 or its first layers."""
    convolutions: dict[str, tuple[Array, Array]] = {}
    digest = hashlib.sha256()
    channels = 3
    for layer in LAYERS:
        name = "block{}_conv{}".format(*block_and_place(layer))
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
    return VggWeights(convolutions, input_map, reflect, digest.hexdigest())


def _refuse_gaps(arrays: Mapping[str, Array], convolutions: Mapping[str, Any], where: str) -> None:
    """Raise InputError when a convolution before the last is missing: VGG16 has block4_conv1 but no block3_conv4."""
    kernels = [name for name in arrays if re.fullmatch(r"block\d_conv\d/kernel", name)]
    if not convolutions or len(kernels) > len(convolutions):
        count = len(convolutions)
        lacks = "block{}_conv{}".format(*block_and_place(LAYERS[count])) if count < len(LAYERS) else "nothing"
        raise InputError(f"{where} is not laid out as VGG19: it lacks {lacks}.")
