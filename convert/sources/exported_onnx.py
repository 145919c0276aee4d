"""Writes PyTorch's exported models and float .tflite files as ONNX, from which onnx_to_keras goes on.

torch.onnx is part of PyTorch, and tf2onnx one of this kit's own libraries. So both paths share one table of operators,
and every recipe works for them. litert-torch gives a .tflite at once, from which most recipes could not start.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from facetoon.convert.quiet import refusing
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import read_model_bytes
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.picture_shape import Sides
from facetoon.training.foreign.model_formats import open_model

EXPORTED, SCRIPTED = ".pt2", (".pt", ".pth")
OPSET = 18  # the oldest that torch.onnx writes from an exported program
Function = Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]
"""The source's own function: one picture in its own layout to its outputs."""


def from_torch(path: Path, sides_px: Sides | None) -> tuple[onnx.ModelProto, Function]:
    """Read a file of torch.export.save or torch.jit.save; return it as ONNX, and its own function.

    `sides_px` is for TorchScript, which does not say its size. Raises InputError when PyTorch cannot load or export it,
    and ModuleNotFoundError without PyTorch.
    """
    read_model_bytes(path)  # a sentence for a file that is missing, empty or too large
    with _without_remarks():
        model, module = (_exported if path.suffix == EXPORTED else _scripted)(path, sides_px)
    return model, lambda picture: _run(module, picture)


def _exported(path: Path, sides_px: Sides | None) -> tuple[onnx.ModelProto, Any]:
    import onnxscript  # noqa: F401  torch.onnx imports it, where its absence would look like a refusal of the model
    import torch

    with refusing(f"{path} is no program of torch.export.save that PyTorch {torch.__version__} can load"):
        program = torch.export.load(path)
    with refusing(f"PyTorch cannot write {path} as ONNX"):
        exported: Any = torch.onnx.export(program, dynamo=True, opset_version=OPSET, verbose=False)
        return exported.model_proto, program.module()


def _scripted(path: Path, sides_px: Sides | None) -> tuple[onnx.ModelProto, Any]:
    import torch

    try:
        module = torch.jit.load(path, map_location="cpu").eval()
    except RuntimeError:
        raise InputError(
            f"{path} is not TorchScript: a file of weights lacks the network. Save the generator with "
            "torch.export.save or torch.jit.save, or export it as .onnx."
        ) from None
    if sides_px is None:
        raise InputError(f"{path} is TorchScript, which does not say the size of its pictures: state it with --size.")
    file: Any = io.BytesIO()
    with refusing(f"PyTorch cannot write {path} as ONNX"):
        # The exporter for exported programs takes no TorchScript.
        torch.onnx.export(module, (torch.zeros(1, 3, *sides_px),), file, opset_version=OPSET, dynamo=False)
    return onnx.load_from_string(file.getvalue()), module


def _run(module: Any, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    import torch

    with torch.no_grad():
        drawn = module(torch.from_numpy(picture))
    return [output.numpy() for output in (drawn if isinstance(drawn, (list, tuple)) else [drawn])]


def from_tflite(path: Path) -> tuple[onnx.ModelProto, Function]:
    """Read a float .tflite; return it as ONNX, and its own function, LiteRT's.

    Raises InputError for a network with integers or halves, whose rounding would be taken for the original, and for one
    that LiteRT or tf2onnx refuses.
    """
    import tf2onnx

    source = open_model(path)
    interpreter, _ = open_interpreter(read_model_bytes(path), str(path), "litert", threads=1)
    dtypes = {np.dtype(details["dtype"]).name for details in interpreter.get_tensor_details()}
    if coarse := sorted(dtypes & {"int8", "uint8", "int16", "float16"}):
        raise InputError(
            f"{path} is quantized already, to {coarse[0]}: convert the float model that it was made from, or run it "
            "as it is (toon-convert adopt)."
        )
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    with _without_remarks(), refusing(f"tf2onnx refuses {path}"):
        model, _ = tf2onnx.convert.from_tflite(str(path), opset=17)
    return model, lambda picture: [source.run(picture)]


@contextmanager
def _without_remarks() -> Iterator[None]:
    """Both exporters warn about their own insides."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
