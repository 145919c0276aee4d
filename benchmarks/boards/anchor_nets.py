"""Builds MobileNet V1 and V2 (1.0, 224) in int8. Their times on boards are published.

The weights are random, because the time does not depend on them. The layers are those of Howard et al. 2017 and
Sandler et al. 2018 up to the last convolution, without the classifier.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from facetoon.benchmarks.roofline.flatbuffer_graph import INT8, INT32, FlatbufferGraph

V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""Channels and stride of each depthwise-separable layer."""
V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, repeats, and the stride of the first repeat."""


def mobilenet_v1() -> bytes:
    """Build MobileNet V1 as a .tflite model: 569 MMAC a run."""
    net = _Net()
    net.conv(32, 3, 2)
    for channels, stride in V1:
        net.depthwise(stride)
        net.conv(channels, 1, 1)
    return net.finish()


def mobilenet_v2() -> bytes:
    """Build MobileNet V2 as a .tflite model: 300 MMAC a run."""
    net = _Net()
    net.conv(32, 3, 2)
    for expansion, channels, repeats, first_stride in V2:
        for repeat in range(repeats):
            start, before = net.current, net.channels
            if expansion > 1:
                net.conv(expansion * net.channels, 1, 1)
            net.depthwise(first_stride if repeat == 0 else 1)
            net.conv(channels, 1, 1)
            if repeat and before == channels:
                net.add(start)
    net.conv(1280, 1, 1)
    return net.finish()


class _Net:
    """Builds a chain of int8 operators; padding is SAME throughout."""

    def __init__(self) -> None:
        self._graph = FlatbufferGraph([("CONV_2D", 3), ("DEPTHWISE_CONV_2D", 3), ("ADD", 2)])
        self._random = np.random.default_rng(0)
        self.side, self.channels = 224, 3
        self.current = self._activation()
        self._graph.inputs = [self.current]

    def conv(self, channels: int, kernel: int, stride: int) -> None:
        shape = (channels, kernel, kernel, self.channels)
        self._weighted("CONV_2D", shape, 0, channels, stride, self._graph.schema.Conv2DOptionsT())

    def depthwise(self, stride: int) -> None:
        options = self._graph.schema.DepthwiseConv2DOptionsT()
        options.depthMultiplier = 1
        self._weighted("DEPTHWISE_CONV_2D", (1, 3, 3, self.channels), 3, self.channels, stride, options)

    def add(self, other: int) -> None:
        source, self.current = self.current, self._activation()
        self._graph.add_operator("ADD", [other, source], self.current, self._graph.schema.AddOptionsT())

    def finish(self) -> bytes:
        self._graph.outputs = [self.current]
        return self._graph.to_bytes()

    def _activation(self) -> int:
        return self._graph.add_tensor("activation", (1, self.side, self.side, self.channels), INT8)

    def _weighted(
        self, kind: str, shape: tuple[int, ...], channel_axis: int, channels: int, stride: int, options: Any
    ) -> None:
        """Add a convolution with random weights of `shape`, a bias of zeros, and ReLU6."""
        values = self._random.integers(-100, 100, shape).astype(np.int8)
        weights = self._graph.add_tensor("weights", shape, INT8, values, [0.02] * channels, channel_axis)
        zeros = np.zeros(channels, np.int32)
        bias = self._graph.add_tensor("bias", (channels,), INT32, zeros, [0.0004] * channels)
        schema = self._graph.schema
        options.padding, options.strideH, options.strideW = schema.Padding.SAME, stride, stride
        options.fusedActivationFunction = schema.ActivationFunctionType.RELU6
        options.dilationHFactor = options.dilationWFactor = 1
        self.side, self.channels, source = -(-self.side // stride), channels, self.current
        self.current = self._activation()
        self._graph.add_operator(kind, [source, weights, bias], self.current, options)
