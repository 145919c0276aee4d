"""The names of the improvements, without heavy imports, for a quick command line."""

from __future__ import annotations

from facetoon.edge_runtime.errors import InputError

IMPROVEMENTS = ("equalize", "bn", "bias", "qat")  # in the order in which they are applied


def find_improvements(text: str) -> tuple[str, ...]:
    """Return the methods of a list such as "equalize,bias"; raise InputError with the known names."""
    names = tuple(filter(None, text.split(",")))
    for name in names:
        if name not in IMPROVEMENTS:
            raise InputError(f"There is no improvement {name}; known ones are: {', '.join(IMPROVEMENTS)}.")
    return tuple(known for known in IMPROVEMENTS if known in names)
