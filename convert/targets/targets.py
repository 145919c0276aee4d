"""The targets that `toon-convert inspect --target` knows."""

from __future__ import annotations

from facetoon.convert.judge.delegation import delegated_operators
from facetoon.convert.targets.edge_tpu import EDGE_TPU, NOTE, place_on_edge_tpu
from facetoon.convert.targets.ethos_u import CONFIGURATIONS, NPU, place_on_ethos_u
from facetoon.convert.targets.placement import PlacedOperator, Placement
from facetoon.edge_runtime.sessions.litert_session import open_interpreter

XNNPACK = "XNNPACK"


def place(model: bytes, target: str, name: str) -> Placement:
    """Place the operators of flatbuffer bytes on a target of target_names.TARGETS. Messages name the file `name`.

    Raises InputError when LiteRT or the target's compiler refuses the model.
    """
    if target in CONFIGURATIONS:
        placed, note = place_on_ethos_u(model, target, name)
        return Placement(target, NPU, tuple(placed), note)
    interpreter, _ = open_interpreter(model, name, "litert", threads=1)
    operators, delegated = delegated_operators(interpreter)
    tensors = {int(details["index"]): details for details in interpreter.get_tensor_details()}
    if target == "edgetpu":
        return Placement(target, EDGE_TPU, tuple(place_on_edge_tpu(operators, tensors)), NOTE)
    placed = [
        PlacedOperator(
            op["op_name"],
            tensors[int(op["outputs"][0])]["name"],
            XNNPACK if op["index"] in delegated else "TFLite kernel",
        )
        for op in operators
    ]
    return Placement(target, XNNPACK, tuple(placed), "As LiteRT places them on this processor.")
