"""MobileNet V1 and V2 (1.0, 224) in int8 with random weights: the nets whose times on boards are published.

Time does not depend on the weights, so nobody's model file is needed. Layers as in Howard et al. 2017 and Sandler et
al. 2018, up to the last convolution and the classifier.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from facetoon.benchmarks.measuring.matrix_models import INT8, INT32, _pack, _tensor

V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, repeats, stride of the first."""


def mobilenet_v1() -> bytes:
    """569 MMAC."""
    net = _Net()
    net.conv(32, 3, 2)
    for channels, stride in V1:
        net.depthwise(stride)
        net.conv(channels, 1, 1)
    return net.finish()


def mobilenet_v2() -> bytes:
    """300 MMAC."""
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
        from ai_edge_litert import schema_py_generated as s

        self._s, self._model, self._graph = s, s.ModelT(), s.SubGraphT()
        self._model.version, self._model.buffers, self._model.subgraphs = 3, [s.BufferT()], [self._graph]
        self._model.operatorCodes, self._graph.tensors, self._graph.operators = [], [], []
        for code in (s.BuiltinOperator.CONV_2D, s.BuiltinOperator.DEPTHWISE_CONV_2D, s.BuiltinOperator.ADD):
            entry = s.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, code, 3 if code else 2
            self._model.operatorCodes.append(entry)
        self._random = np.random.default_rng(0)
        self.side, self.channels = 224, 3
        self.current = self._activation()
        self._graph.inputs = [self.current]

    def _activation(self) -> int:
        shape = (1, self.side, self.side, self.channels)
        return _tensor(self._s, self._model, self._graph, f"t{len(self._graph.tensors)}", shape, INT8)

    def conv(self, channels: int, kernel: int, stride: int) -> None:
        options = self._s.Conv2DOptionsT()
        self._weighted(0, (channels, kernel, kernel, self.channels), channels, stride, options, "Conv2DOptions")

    def depthwise(self, stride: int) -> None:
        options = self._s.DepthwiseConv2DOptionsT()
        options.depthMultiplier = 1
        shape = (1, 3, 3, self.channels)
        self._weighted(1, shape, self.channels, stride, options, "DepthwiseConv2DOptions")

    def _weighted(self, code: int, shape: tuple[int, ...], out: int, stride: int, options: Any, kind: str) -> None:
        args = (self._s, self._model, self._graph)
        weights = _tensor(*args, "w", shape, INT8, self._random.integers(-100, 100, shape).astype(np.int8))
        bias = _tensor(*args, "b", (out,), INT32, np.zeros(out, np.int32))
        self._quantize(weights, [0.02] * out, 0 if code == 0 else 3)
        self._quantize(bias, [0.0004] * out, 0)
        options.padding, options.strideH, options.strideW = self._s.Padding.SAME, stride, stride
        options.fusedActivationFunction = self._s.ActivationFunctionType.RELU6
        options.dilationHFactor = options.dilationWFactor = 1
        self.side, self.channels, source = -(-self.side // stride), out, self.current
        self.current = self._activation()
        self._operator(code, [source, weights, bias], options, kind)

    def add(self, other: int) -> None:
        source, self.current = self.current, self._activation()
        self._operator(2, [other, source], self._s.AddOptionsT(), "AddOptions")

    def _quantize(self, index: int, scales: list[float], dimension: int) -> None:
        tensor = self._graph.tensors[index]
        tensor.quantization = self._s.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = scales, [0] * len(scales)
        tensor.quantization.quantizedDimension = dimension

    def _operator(self, code: int, inputs: list[int], options: Any, kind: str) -> None:
        operator = self._s.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, [self.current]
        operator.builtinOptionsType = getattr(self._s.BuiltinOptions, kind)
        operator.builtinOptions = options
        self._graph.operators.append(operator)

    def finish(self) -> bytes:
        self._graph.outputs = [self.current]
        return _pack(self._s, self._model)
