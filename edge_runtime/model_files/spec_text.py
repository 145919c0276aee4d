"""Parses the spec's text of a model file, which anybody may have written, into values of checked types and ranges.

msgspec checks them by the annotations of a dataclass. It is one wheel of 0.2 MB without dependencies; pydantic brings
four wheels with 2.7 MB, and jsonschema four with 0.5 MB and a second description of each spec beside its dataclass.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any, TypeVar

import msgspec

from facetoon.edge_runtime.errors import InputError, shown

MOST_DEPTH = 8
MOST_DIGITS = 18

# A name is shown in terminals, logs, pages and metrics: one line, nothing that moves the cursor or turns the text.
_UNSHOWN = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"  # all but tab and line end
Name = Annotated[str, msgspec.Meta(max_length=200, pattern=rf"^[^\t\n{_UNSHOWN}]*\Z")]
Names = Annotated[tuple[Name, ...], msgspec.Meta(max_length=256)]
Prose = Annotated[str, msgspec.Meta(max_length=10_000, pattern=rf"^[^{_UNSHOWN}]*\Z")]
Level = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]

AnyFacts = TypeVar("AnyFacts")


def parse_json(text: str, where: str) -> dict[str, Any]:
    """Parse a JSON object of bounded depth and numbers. Raises InputError, which names `where`, for anything else."""
    try:
        values = json.loads(text, parse_int=_integer)
        _check_depth(values, MOST_DEPTH)
        if not isinstance(values, dict):
            raise ValueError("it is no JSON object")
    except (ValueError, RecursionError) as error:
        raise unreadable(where, "it is nested too deep" if isinstance(error, RecursionError) else error) from None
    return values


def parse_facts(values: dict[str, Any], kind: type[AnyFacts], where: str) -> AnyFacts:
    """Turn a JSON object into the dataclass `kind`. Raises InputError for an unknown field, a wrong type or range."""
    unknown = sorted(values.keys() - {field.name for field in dataclasses.fields(kind)})  # type: ignore[arg-type]
    if unknown:
        raise unreadable(where, f"there is no field {shown(unknown[0])}")
    try:
        return msgspec.convert(values, kind)
    except (msgspec.ValidationError, InputError) as error:
        raise unreadable(where, str(error).rstrip(".")) from None


def unreadable(where: str, reason: object) -> InputError:
    """Return the error for a spec that does not hold."""
    return InputError(f"{where} carries a model spec that cannot be read: {shown(reason)}.")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _check_depth(value: Any, levels: int) -> None:
    if levels == 0:
        raise ValueError("it is nested too deep")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _check_depth(item, levels - 1)
