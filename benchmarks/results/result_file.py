"""Reads result files strictly and writes them whole."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import types
import typing
from pathlib import Path
from typing import Any

from facetoon.benchmarks.results.result_schema import SCHEMA, BenchResult
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole


def read_result(path: Path) -> BenchResult:
    """Load a result file. Raises InputError for any other file or schema."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.get("schema") != SCHEMA:
            raise InputError(f"{path} has result schema {values.get('schema')}; this facetoon reads schema {SCHEMA}.")
        result = _typed(BenchResult, values, "result")
    except OSError as error:
        raise InputError(f"The result {path} cannot be read: {error.strerror}.") from None
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not a result of toon-bench: {error}.") from None
    if not result.variants or any("infer" not in variant.stages for variant in result.variants):
        raise InputError(f"{path} is not a result of toon-bench: it times no inference.")
    return result


def _typed(kind: Any, value: Any, where: str) -> Any:
    """Convert a JSON value to `kind`, with every level checked. Raises TypeError with the place of the first misfit."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        if not isinstance(value, dict) or set(value) != set(hints):
            odd = sorted(set(hints) ^ set(value)) if isinstance(value, dict) else type(value).__name__
            raise TypeError(f"{where}: {odd}")
        return kind(**{key: _typed(hints[key], item, f"{where}.{key}") for key, item in value.items()})  # type: ignore[operator]
    if origin is types.UnionType:
        return None if value is None else _typed(inner[0], value, where)
    if origin in (tuple, list) and isinstance(value, list):
        return origin(_typed(inner[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: _typed(inner[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    plain = (int, float) if kind is float else kind
    if origin is not None or not isinstance(value, plain) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{where} is {value!r}")
    return value


def check_destination(path: Path) -> None:
    """Raise InputError before a long measurement when `path` cannot be written."""
    if path.exists() and not path.is_file():  # replacing /dev/stdout or a folder would be worse than refusing
        raise InputError(f"The result cannot go to {path}: it is not an ordinary file (- is standard output).")
    try:
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            pass
    except OSError as error:
        raise InputError(f"The result cannot be written to {path}: {error.strerror}.") from None


def write_output(path: Path, text: str) -> None:
    """Write a result, table or plot whole. Raises InputError when the place cannot be written."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(f"The result cannot be written to {path}: {error.strerror}.") from None
