"""Counts the operators of a TFLite model that run in XNNPACK, LiteRT's fast CPU kernels, and in slower kernels."""

from __future__ import annotations

from collections import Counter
from typing import Any

from facetoon.edge_runtime.sessions.litert_session import open_interpreter

DELEGATE = "DELEGATE"


def delegation(model: bytes, name: str = "the model") -> dict[str, Any]:
    """Count for flatbuffer bytes: operators, delegated, partitions, and `left`, undelegated operators by name.

    LiteRT lists the delegate's nodes beside the operators that they replaced. A node replaces the operators between
    its inputs and its outputs. Raises InputError when LiteRT cannot run the model.
    """
    interpreter, _ = open_interpreter(model, name, "litert", threads=1)
    operators, delegated = delegated_operators(interpreter)
    nodes = sum(op["op_name"] == DELEGATE for op in interpreter._get_ops_details())
    left = Counter(op["op_name"] for op in operators if op["index"] not in delegated)
    return {
        "operators": len(operators),
        "delegated": len(delegated),
        "partitions": nodes,
        "left": dict(left.most_common()),
    }


def delegated_operators(interpreter: Any) -> tuple[list[dict[str, Any]], set[int]]:
    """Return the model's own operators, as the interpreter describes them, and the indices of the delegated ones."""
    listed = interpreter._get_ops_details()
    operators = [op for op in listed if op["op_name"] != DELEGATE]
    maker = {int(output): op for op in operators for output in op["outputs"]}
    return operators, set().union(*(_inside(node, maker) for node in listed if node["op_name"] == DELEGATE))


def _inside(node: dict[str, Any], maker: dict[int, dict[str, Any]]) -> set[int]:
    """Indices of the operators that this delegate node has replaced."""
    inputs, inside = set(map(int, node["inputs"])), set()
    pending = [int(output) for output in node["outputs"]]
    while pending:
        tensor = pending.pop()
        if tensor in inputs or tensor not in maker or maker[tensor]["index"] in inside:
            continue
        inside.add(maker[tensor]["index"])
        pending += map(int, maker[tensor]["inputs"])
    return inside


def describe_delegation(counts: dict[str, Any]) -> str:
    """Describe what XNNPACK takes in a sentence, with a warning for operators that it leaves to slower kernels."""
    operators = f"{counts['delegated']} of {counts['operators']} operators"
    text = f"XNNPACK takes {operators} in {counts['partitions']} partition(s)."
    left = ", ".join(f"{count} x {name}" for name, count in counts["left"].items())
    return f"{text} Warning: left to slower kernels: {left}." if left else text
