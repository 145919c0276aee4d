"""Builds TFLite models that measure a device: matrix products for its peak, additions for its bandwidth."""

from __future__ import annotations

import numpy as np

from facetoon.benchmarks.roofline.flatbuffer_graph import FLOAT32, INT8, FlatbufferGraph


def product_model(dtype: str, side: int, layers: int = 4) -> bytes:
    """Build a chain of `layers` fully connected layers with side x side weights, over `side` rows."""
    graph = FlatbufferGraph([("FULLY_CONNECTED", 4 if dtype == "int8" else 1)])
    tensor_type, shape = INT8 if dtype == "int8" else FLOAT32, (side, side)
    random = np.random.default_rng(0)
    current = graph.add_tensor("in", shape, tensor_type)
    graph.inputs = [current]
    for layer in range(layers):
        weights = random.integers(-100, 100, shape).astype(np.int8)
        values = weights if dtype == "int8" else (weights / 1000).astype(np.float32)
        constant = graph.add_tensor(f"w{layer}", shape, tensor_type, values)
        previous, current = current, graph.add_tensor(f"out{layer}", shape, tensor_type)
        graph.add_operator("FULLY_CONNECTED", [previous, constant, -1], current, graph.schema.FullyConnectedOptionsT())
    graph.outputs = [current]
    return graph.to_bytes()


def addition_model(elements: int, layers: int = 1) -> bytes:
    """Build a chain of `layers` float32 additions. Each reads two tensors of `elements` and writes one."""
    graph = FlatbufferGraph([("ADD", 1)])
    current, other = (graph.add_tensor(name, (1, elements), FLOAT32) for name in ("in", "other"))
    graph.inputs = [current, other]
    for layer in range(layers):
        previous, current = current, graph.add_tensor(f"out{layer}", (1, elements), FLOAT32)
        graph.add_operator("ADD", [previous, other], current, graph.schema.AddOptionsT())
    graph.outputs = [current]
    return graph.to_bytes()
