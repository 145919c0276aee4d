"""Builds dataclasses from TOML. It checks every key, type and range, and names the key that is wrong."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from facetoon.edge_runtime.errors import InputError
from facetoon.training.recipes.bounds import FINITE


def apply_override(values: dict[str, Any], override: str) -> None:
    """Put `key=value`, such as `data.size_px=96`, into nested values. Raises InputError for any other text."""
    key, separator, text = override.partition("=")
    if not separator:
        raise InputError(f"--set wants key=value, not {override!r}.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is a string
    *sections, last = key.strip().split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"--set {override}: {section} is not a section.")
    values[last] = value


Section = TypeVar("Section")


def build(section: type[Section], values: dict[str, Any], where: str) -> Section:
    """Build the dataclass `section` from `values`. Raises InputError with the key of a value that is not allowed."""
    hints = get_type_hints(section, include_extras=True)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise InputError(f"{where[0].upper()}{where[1:]} has an unknown key: {unknown[0]} (known: {', '.join(hints)}).")
    arguments = {}
    for key, value in values.items():
        kind = hints[key]
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            if not isinstance(value, dict):
                raise InputError(f"In {where}, {key} must be a section.")
            arguments[key] = build(kind, value, f"section {key} of {where}")
        else:
            arguments[key] = _checked(key, value, kind, where)
    return section(**arguments)


def _checked(key: str, value: Any, hint: Any, where: str) -> Any:
    """Return the value as the field's type. Raises InputError for another type or a value out of the field's bounds."""
    kind, *bounds = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if kind is float and type(value) is int:
        value = float(value)
    if kind == tuple[float, float]:
        good = isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)
        value = tuple(map(float, value)) if good else value
    else:
        good = type(value) is kind
    if not good:
        expected = "two numbers" if kind == tuple[float, float] else getattr(kind, "__name__", kind)
        raise InputError(f"In {where}, {key} must be {expected}, not {value!r}.")
    if kind is float and not bounds:
        bounds = [FINITE]
    for bound in bounds:
        if expected := bound.refusal(value):
            shown = list(value) if isinstance(value, tuple) else value
            raise InputError(f"In {where}, {key} must be {expected}, not {shown}.")
    return value
