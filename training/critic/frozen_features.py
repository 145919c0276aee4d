"""The frozen network that a projected critic looks through: EfficientNet-Lite0 with batch norm folded, from an npz."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError

Kernel = NDArray[np.float32]
FIRST_STRIDE = 4  # of the finest map that the critic sees


@dataclass(frozen=True)
class InvertedResidual:
    """One block: pointwise `expand` or none, `depthwise`, pointwise `project`. Each is (kernel, bias)."""

    expand: tuple[Kernel, Kernel] | None
    depthwise: tuple[Kernel, Kernel]
    project: tuple[Kernel, Kernel]
    stride: int
    skip: bool


class FrozenFeatures:
    """Gives the last map of each stride from 4: for EfficientNet-Lite0 (Tan and Le 2019) strides 4, 8, 16 and 32.

    It takes pictures (batch, height, width, 3), float RGB -1..1, and gives unbounded maps (batch, height / stride,
    width / stride, channels). The weights are constants of the graph: no checkpoint holds them.
    """

    def __init__(self, path: Path) -> None:
        """Reads an npz of folded weights. Raises InputError when it cannot be read or has another layout."""
        arrays = _read(path)
        try:
            self.stem = _pair(arrays, "stem")
            count = sum(name.endswith("/project/kernel") for name in arrays)
            self.blocks = [_block(arrays, f"block{number:02d}") for number in range(count)]
            _check_chain(self.stem, self.blocks)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"{path} is no file of frozen features: stem, then blockNN/expand, depthwise and project with kernel "
                f"and bias, stride and skip are wanted ({str(error).strip(chr(39))} is missing or does not fit)."
            ) from None

    @property
    def channels(self) -> list[int]:
        """The channels of each map."""
        return [self.blocks[index].project[0].shape[-1] for index in self._taps()]

    def __call__(self, images: Any) -> list[Any]:
        """The maps of the pictures, finest first."""
        x = ops.relu6(_conv(images, self.stem, stride=2))
        maps, taps = [], self._taps()
        for index, block in enumerate(self.blocks):
            x = _run(block, x)
            if index in taps:
                maps.append(x)
        return maps

    def _taps(self) -> list[int]:
        """The blocks that give the last map of their stride."""
        stride, taps = 2, []
        for index, block in enumerate(self.blocks):
            stride *= block.stride
            last = index + 1 == len(self.blocks) or self.blocks[index + 1].stride == 2
            if last and stride >= FIRST_STRIDE:
                taps.append(index)
        return taps


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise InputError(f"The frozen features {path} cannot be read: {error}.") from None


def _pair(arrays: dict[str, Any], name: str) -> tuple[Kernel, Kernel]:
    kernel, bias = (arrays[f"{name}/{part}"].astype(np.float32) for part in ("kernel", "bias"))
    if kernel.ndim != 4 or bias.shape != kernel.shape[-1:]:
        raise ValueError(f"{name}/kernel")
    return kernel, bias


def _block(arrays: dict[str, Any], name: str) -> InvertedResidual:
    kernel, bias = _pair(arrays, f"{name}/depthwise")
    return InvertedResidual(
        _pair(arrays, f"{name}/expand") if f"{name}/expand/kernel" in arrays else None,
        (np.swapaxes(kernel, 2, 3), bias),  # (h, w, 1, c) in the file
        _pair(arrays, f"{name}/project"),
        int(arrays[f"{name}/stride"]),
        bool(arrays[f"{name}/skip"]),
    )


def _check_chain(stem: tuple[Kernel, Kernel], blocks: list[InvertedResidual]) -> None:
    """Raises ValueError with the place where a layer does not take what the one before it gives."""
    width = stem[0].shape[-1]
    if stem[0].shape[2] != 3 or not blocks:
        raise ValueError("stem/kernel")
    for number, block in enumerate(blocks):
        inner = block.expand[0].shape[-1] if block.expand else width
        takes = block.expand[0].shape[2] if block.expand else width
        wrong = takes != width or block.depthwise[0].shape[2:] != (inner, 1) or block.project[0].shape[2] != inner
        if wrong or block.stride not in (1, 2):
            raise ValueError(f"block{number:02d}")
        width = block.project[0].shape[-1]


def _run(block: InvertedResidual, x: Any) -> Any:
    y = ops.relu6(_conv(x, block.expand)) if block.expand else x
    kernel, bias = block.depthwise
    y, padding = _padded(y, kernel.shape[0], block.stride)
    y = ops.depthwise_conv(y, ops.cast(kernel, y.dtype), block.stride, padding)
    y = _conv(ops.relu6(y + ops.cast(bias, y.dtype)), block.project)
    return x + y if block.skip else y


def _conv(x: Any, weights: tuple[Kernel, Kernel], stride: int = 1) -> Any:
    kernel, bias = weights
    x, padding = _padded(x, kernel.shape[0], stride)
    return ops.conv(x, ops.cast(kernel, x.dtype), stride, padding) + ops.cast(bias, x.dtype)


def _padded(x: Any, kernel_px: int, stride: int) -> tuple[Any, str]:
    """Adds zeros of half a kernel on every side. At stride 1 the convolution does the same by itself."""
    if stride == 1:
        return x, "same"
    around = (kernel_px // 2, kernel_px // 2)
    return ops.pad(x, ((0, 0), around, around, (0, 0))), "valid"
