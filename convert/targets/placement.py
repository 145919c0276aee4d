"""Where each operator of a model runs on a target."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

CPU = "CPU"


@dataclass(frozen=True)
class PlacedOperator:
    """An operator and its place."""

    operator: str
    tensor: str
    """Name of its output."""
    where: str
    """The accelerator's name, or what is slower."""
    cycles: int | None = None
    """Estimated; None where nobody estimates."""


@dataclass(frozen=True)
class Placement:
    """All operators of a model on one target."""

    target: str
    fast: str
    """`PlacedOperator.where` of the operators that the target takes."""
    operators: tuple[PlacedOperator, ...]
    note: str
    """How it is known, and what it costs."""

    @property
    def left(self) -> Counter[str]:
        """Operators that the target does not take, by kind."""
        return Counter(placed.operator for placed in self.operators if placed.where != self.fast)

    def to_text(self) -> str:
        """Return lines for a person: one for each operator, and a summary."""
        width = max((len(placed.operator) for placed in self.operators), default=0)
        lines = [f"  {self.target}:"]
        for placed in self.operators:
            cycles = "" if placed.cycles is None else f"{placed.cycles:>10,} cycles"
            lines.append(f"    {placed.where:<13} {placed.operator:<{width}} {cycles} {placed.tensor[-50:]}".rstrip())
        left = ", ".join(f"{count} x {name}" for name, count in self.left.most_common())
        taken = len(self.operators) - self.left.total()
        lines.append(f"  {self.fast} takes {taken} of {len(self.operators)} operators; left: {left or 'none'}.")
        return "\n".join([*lines, f"  {self.note}", ""])
