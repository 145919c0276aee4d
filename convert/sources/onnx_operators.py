"""The Keras form of each ONNX operator that generators are made of: https://onnx.ai/onnx/operators/."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from keras import layers, ops

from facetoon.convert.sources.onnx_values import LAST, OnnxNode, as_held, as_onnx, axis_of, is_picture
from facetoon.training.networks.student import DepthToSpace

BLOCK = 2  # of DepthToSpace, which is an operator of TFLite


def convolution(node: OnnxNode) -> Any:
    """Conv, also depthwise and in groups. TensorFlow's CPU kernels have no groups, so each gets its own layer."""
    x, weights, bias = node.inputs[0], node.inputs[1], node.input(2)
    groups, pads = node.attributes.get("group", 1), _pads(node)
    kernel = weights.shape[2:]
    stride, dilation = (tuple(node.attributes.get(name, (1, 1))) for name in ("strides", "dilations"))
    reach = [(size - 1) * step for size, step in zip(kernel, dilation, strict=True)]
    is_same = stride == (1, 1) and all(pads[i] == pads[i + 2] and 2 * pads[i] == reach[i] for i in (0, 1))
    if not is_same and any(pads):
        x = layers.ZeroPadding2D(((pads[0], pads[2]), (pads[1], pads[3])))(x)
    shared: dict[str, Any] = {
        "kernel_size": kernel,
        "strides": stride,
        "dilation_rate": dilation,
        "padding": "same" if is_same else "valid",
        "use_bias": bias is not None,
    }
    if groups > 1 and groups == x.shape[-1]:
        depthwise = weights.reshape(groups, -1, *kernel).transpose(2, 3, 0, 1)
        return _with_weights(layers.DepthwiseConv2D(depth_multiplier=depthwise.shape[3], **shared), x, depthwise, bias)
    parts: list[Any] = []
    for part, some in zip(ops.split(x, groups, -1) if groups > 1 else [x], np.split(weights, groups), strict=True):
        own = None if bias is None else bias[len(parts) * len(some) : (len(parts) + 1) * len(some)]
        parts.append(_with_weights(layers.Conv2D(len(some), **shared), part, some.transpose(2, 3, 1, 0), own))
    return layers.Concatenate()(parts) if groups > 1 else parts[0]


def transposed_convolution(node: OnnxNode) -> Any:
    """ConvTranspose: the whole result without padding, cut to ONNX's size."""
    x, weights, bias = node.inputs[0], node.inputs[1], node.input(2)
    if node.attributes.get("group", 1) > 1 or max(node.attributes.get("dilations", (1, 1))) > 1:
        raise node.refuse("groups or dilations")
    stride, kernel = tuple(node.attributes.get("strides", (1, 1))), weights.shape[2:]
    layer = layers.Conv2DTranspose(weights.shape[1], kernel, stride, use_bias=bias is not None)
    x = _with_weights(layer, x, weights.transpose(2, 3, 1, 0), bias)
    pads, more = _pads(node), node.attributes.get("output_padding", (0, 0))
    surplus = [max(step - size, 0) for step, size in zip(stride, kernel, strict=True)]  # Keras adds it
    cuts = [(pads[i], pads[i + 2] - more[i] + surplus[i]) for i in (0, 1)]
    if min(min(cut) for cut in cuts) < 0:
        raise node.refuse(f"an output padding of {more}")
    return layers.Cropping2D(cuts)(x) if any(map(any, cuts)) else x


def _with_weights(layer: Any, x: Any, *weights: Any) -> Any:
    x = layer(x)
    layer.set_weights([w for w in weights if w is not None])
    return x


def _pads(node: OnnxNode) -> list[int]:
    if node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise node.refuse(f"automatic padding ({node.attributes['auto_pad']})")
    return list(node.attributes.get("pads", (0, 0, 0, 0)))


def normalization(node: OnnxNode) -> Any:
    """InstanceNormalization and LayerNormalization, over all axes behind the channels or behind `axis`."""
    x = as_onnx(node.inputs[0])
    first = 2 if node.kind == "InstanceNormalization" else node.attributes.get("axis", -1) % len(x.shape)
    axes = list(range(first, len(x.shape)))
    mean = ops.mean(x, axes, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axes, keepdims=True)
    x = (x - mean) * ops.rsqrt(variance + node.attributes.get("epsilon", 1e-5))
    gain, shift = node.inputs[1], node.input(2, np.float32(0))
    if node.kind == "InstanceNormalization":
        gain, shift = (values.reshape(-1, *[1] * len(axes)) for values in (gain, shift))
    return as_held(x * gain + shift)


def picture_normalization(node: OnnxNode) -> Any:
    """InstanceNormalization of a picture, without a change of its layout."""
    if not is_picture(node.inputs[0]) or node.kind != "InstanceNormalization":
        return normalization(node)
    x, gain, shift = node.inputs
    mean = ops.mean(x, (1, 2), keepdims=True)
    variance = ops.mean(ops.square(x - mean), (1, 2), keepdims=True)
    return (x - mean) * (ops.rsqrt(variance + node.attributes.get("epsilon", 1e-5)) * gain) + shift


def batch_normalization(node: OnnxNode) -> Any:
    """BatchNormalization of a trained network."""
    x, *values = node.inputs
    layer = layers.BatchNormalization(epsilon=node.attributes.get("epsilon", 1e-5))
    return _with_weights(layer, x, *values)


def pad(node: OnnxNode) -> Any:
    """Pad with zeros, another constant, a mirrored border or the border's own values."""
    x, mode = node.inputs[0], node.attributes.get("mode", "constant")
    widths = np.asarray(node.setting("pads", 1)).reshape(2, -1).T
    if axes := node.input(3):
        every = np.zeros((len(x.shape), 2), int)
        every[np.asarray(axes)] = widths
        widths = every
    if (widths < 0).any() or mode not in ("constant", "reflect", "edge"):
        raise node.refuse(f"the mode {mode} with {widths.tolist()}")
    pairs = [(int(before), int(after)) for before, after in (widths[list(LAST)] if is_picture(x) else widths)]
    if mode == "edge":
        return _edge(x, pairs)
    value = float(np.asarray(node.setting("value", 2, 0.0)))
    if mode == "constant" and not value and is_picture(x) and pairs[0] == pairs[3] == (0, 0):
        return layers.ZeroPadding2D(pairs[1:3])(x)
    return ops.pad(x, pairs, mode, value if mode == "constant" else None)


def _edge(x: Any, pairs: list[tuple[int, int]]) -> Any:
    for axis, (before, after) in enumerate(pairs):
        size = x.shape[axis]
        if before or after:
            x = ops.take(x, np.clip(np.arange(-before, size + after), 0, size - 1), axis)
    return x


def resize(node: OnnxNode) -> Any:
    """Resize and Upsample: nearest by whole factors, or bilinear."""
    x = node.inputs[0]
    height, width = _new_size(node, x)
    mode = node.attributes.get("mode", "nearest")
    where = node.attributes.get(
        "coordinate_transformation_mode", "asymmetric" if node.kind == "Upsample" else "half_pixel"
    )
    factors = height / x.shape[1], width / x.shape[2]
    if mode == "nearest" and all(factor == int(factor) for factor in factors):
        return layers.UpSampling2D((int(factors[0]), int(factors[1])))(x)
    if mode == "linear" and where in ("half_pixel", "pytorch_half_pixel"):
        return ops.image.resize(x, (height, width), interpolation="bilinear")
    if mode == "linear" and where == "align_corners":
        return _aligned(_aligned(x, 1, height), 2, width)
    raise node.refuse(f"the mode {mode}, {where}, by {factors[0]:g} x {factors[1]:g}")


def _new_size(node: OnnxNode, x: Any) -> tuple[int, int]:
    scales = node.setting("scales", 1 if node.kind == "Upsample" else 2)
    if scales is not None and np.size(scales):
        return int(x.shape[1] * scales[2]), int(x.shape[2] * scales[3])
    return int(node.input(3)[2]), int(node.input(3)[3])


def _aligned(x: Any, axis: int, size: int) -> Any:
    """Resample an axis so that the outermost pixels keep their places."""
    places = np.linspace(0, x.shape[axis] - 1, size, dtype=np.float32)
    low = np.minimum(places.astype(int), max(x.shape[axis] - 2, 0))
    shares = (places - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(4)])
    high = np.minimum(low + 1, x.shape[axis] - 1)
    return ops.take(x, low, axis) * (1 - shares) + ops.take(x, high, axis) * shares


def pool(node: OnnxNode) -> Any:
    """AveragePool and MaxPool without padding, and the global ones."""
    x = node.inputs[0]
    if node.kind.startswith("Global"):
        return (ops.mean if "Average" in node.kind else ops.max)(x, (1, 2), keepdims=True)
    if any(_pads(node)) or node.attributes.get("ceil_mode"):
        raise node.refuse("padding")
    stride = tuple(node.attributes.get("strides", (1, 1)))
    layer = layers.AveragePooling2D if "Average" in node.kind else layers.MaxPooling2D
    return layer(tuple(node.attributes["kernel_shape"]), stride)(x)


def reduce(function: Callable[..., Any]) -> Callable[[OnnxNode], Any]:
    """Return the operator that reduces some axes with `function`."""

    def run(node: OnnxNode) -> Any:
        x, axes = node.inputs[0], node.setting("axes", 1)
        held = tuple(axis_of(x, int(axis)) for axis in (range(len(x.shape)) if axes is None else np.ravel(axes)))
        if node.attributes.get("keepdims", 1):
            return function(x, held, keepdims=True)
        return as_held(function(as_onnx(x), tuple(int(a) for a in np.ravel(axes)), keepdims=False))

    return run


def depth_to_space(node: OnnxNode) -> Any:
    """DepthToSpace, in both orders of channels. Channels are sorted first, so that TFLite's own operator fits."""
    x, block = node.inputs[0], node.attributes["blocksize"]
    height, width, channels = x.shape[1:]
    if node.attributes.get("mode", "DCR") == "CRD":
        order = np.arange(channels).reshape(-1, block * block).T.ravel()
        x = ops.take(x, order, -1)
    if block == BLOCK:
        return DepthToSpace()(x)
    x = ops.reshape(x, (-1, height, width, block, block, channels // block**2))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height * block, width * block, channels // block**2))


def reshape(node: OnnxNode) -> Any:
    """Reshape, Flatten, Squeeze and Unsqueeze, in ONNX's order of axes."""
    x = as_onnx(node.inputs[0])
    shape = list(x.shape)
    if node.kind == "Reshape":
        wanted = [int(size) for size in np.ravel(node.setting("shape", 1))]
        wanted = [shape[i] if size == 0 else size for i, size in enumerate(wanted)]
        if wanted[:1] == [1] and shape[0] is None:  # the batch, which stays open here
            rest = prod(shape[1:]) // abs(prod(wanted))
            wanted = [-1, *(rest if size == -1 else size for size in wanted[1:])]
        shape = wanted
    elif node.kind == "Flatten":
        shape = [-1, prod(shape[node.attributes.get("axis", 1) :])]
    else:
        axes = [int(axis) for axis in np.ravel(node.setting("axes", 1))]
        if node.kind == "Squeeze":
            shape = [size for i, size in enumerate(shape) if i not in [a % len(shape) for a in axes]]
        else:
            for axis in sorted(a % (len(shape) + len(axes)) for a in axes):
                shape.insert(axis, 1)
    return as_held(ops.reshape(x, shape))


def transpose(node: OnnxNode) -> Any:
    """Transpose, in ONNX's order of axes."""
    x = as_onnx(node.inputs[0])
    return as_held(ops.transpose(x, node.attributes.get("perm", tuple(reversed(range(len(x.shape)))))))


def cut(node: OnnxNode) -> Any:
    """Slice by constants."""
    x = node.inputs[0]
    starts, ends = (np.ravel(node.setting(name, place)) for place, name in ((1, "starts"), (2, "ends")))
    axes, steps = (
        np.ravel(node.setting("axes", 3, range(len(starts)))),
        np.ravel(node.setting("steps", 4, [1] * len(starts))),
    )
    parts: list[slice] = [slice(None)] * len(x.shape)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        parts[axis_of(x, int(axis))] = slice(int(start), int(end), int(step))
    return x[tuple(parts)]


def split(node: OnnxNode) -> list[Any]:
    """Split into parts of given sizes, or equal ones."""
    x = node.inputs[0]
    axis, sizes = axis_of(x, node.attributes.get("axis", 0)), node.setting("split", 1)
    return list(ops.split(x, node.outputs if sizes is None else np.cumsum(sizes)[:-1].tolist(), axis))


def product(node: OnnxNode) -> Any:
    """MatMul and Gemm, in ONNX's order of axes."""
    a, b = (as_onnx(value) for value in node.inputs[:2])
    if node.kind == "MatMul":
        return as_held(ops.matmul(a, b))
    a, b = (ops.transpose(v) if node.attributes.get(f"trans{n}") else v for v, n in ((a, "A"), (b, "B")))
    y = ops.matmul(a, b) * node.attributes.get("alpha", 1.0)
    return y + node.attributes.get("beta", 1.0) * node.inputs[2] if node.input(2) is not None else y
