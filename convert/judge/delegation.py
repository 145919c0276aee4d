"""Which operators of a TFLite model XNNPACK, LiteRT's fast CPU kernels, takes, and which fall back to slower ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

from facetoon.edge_runtime.sessions.litert_session import open_interpreter

DELEGATE = "DELEGATE"


def delegation(model: bytes, name: str = "the model") -> dict[str, Any]:
    """Counts for flatbuffer bytes: operators, delegated, partitions, and `left`, undelegated operators by name.

    LiteRT keeps the operators that a delegate replaced beside the delegate's own nodes; those between a node's inputs
    and its outputs are the ones it took. Raises InputError when LiteRT cannot run the model.
    """
    interpreter, _ = open_interpreter(model, name, "litert", threads=1)
    listed = interpreter._get_ops_details()
    nodes = [op for op in listed if op["op_name"] == DELEGATE]
    operators = [op for op in listed if op["op_name"] != DELEGATE]
    maker = {int(output): op for op in operators for output in op["outputs"]}
    taken = set().union(*(_inside(node, maker) for node in nodes))
    left = Counter(op["op_name"] for op in operators if op["index"] not in taken)
    return {
        "operators": len(operators),
        "delegated": len(taken),
        "partitions": len(nodes),
        "left": dict(left.most_common()),
    }


def _inside(node: dict[str, Any], maker: dict[int, dict[str, Any]]) -> set[int]:
    """Indices of the operators that this delegate's node stands for."""
    given, found = set(map(int, node["inputs"])), set()
    ahead = [int(output) for output in node["outputs"]]
    while ahead:
        tensor = ahead.pop()
        if tensor in given or tensor not in maker or maker[tensor]["index"] in found:
            continue
        found.add(maker[tensor]["index"])
        ahead += map(int, maker[tensor]["inputs"])
    return found
