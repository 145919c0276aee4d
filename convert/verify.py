"""Measures an existing file again, against its run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from facetoon.convert.formats.quantization import ONNX, Thresholds, find_recipe
from facetoon.convert.judge.conversion_report import shortfalls
from facetoon.convert.judge.openvino_session import OpenVinoSession
from facetoon.convert.material import Request, load_material, measure_session
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, read_model

TOLERANCE_DB = 0.5  # kernels differ between processor families, which moves a score a little


def verify(path: Path, request: Request, openvino: bool = False) -> tuple[ModelSpec, dict[str, float], tuple[str, ...]]:
    """Return the spec, the new scores, and the reasons why the file fails (empty when it holds).

    With `openvino` an .onnx file is run by OpenVINO, not by ONNX Runtime. Raises InputError when the file is damaged or
    belongs to another run.
    """
    _, spec = read_model(path)
    if openvino and path.suffix != ONNX:
        raise InputError(f"{path} is no .onnx file: only these are run by OpenVINO here.")
    material = load_material(request)
    if material.source.styles and not open_session(path).styles:  # a mix was baked
        material = load_material(replace(request, style=spec.styles[0]))
    if material.source.sha256 != spec.run:
        raise InputError(f"{path} was made from run {spec.run[:12]}, not from {material.source.sha256[:12]}.")
    session = OpenVinoSession(path) if openvino else open_session(path)
    comparison = measure_session(session, material)
    recipe, target_db = find_recipe(spec.recipe.partition("+")[0], path.suffix), spec.scores.get("target_db")
    limits = recipe.thresholds if target_db is None else Thresholds.of_target(target_db)
    reasons = list(shortfalls(comparison, limits))
    stored, now = spec.scores.get("psnr_mean_db"), comparison.scores.psnr_mean_db
    same_pictures = spec.scores.get("test") == material.test.describe()
    if stored is not None and same_pictures and abs(stored - now) > TOLERANCE_DB:
        reasons.append(f"The file says that its mean PSNR is {stored} dB; it is {now:.2f} dB.")
    return spec, {"psnr_mean_db": now, "psnr_min_db": comparison.scores.psnr_min_db}, tuple(reasons)
