"""Result files, their arithmetic, tables and charts; the measured results themselves."""

from pathlib import Path

RESULTS = Path("benchmarks/results")
"""The folder of `toon-bench run --save`, in a checkout of the kit."""
