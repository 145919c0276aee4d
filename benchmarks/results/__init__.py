"""Result files, their arithmetic, tables and charts; the measured results themselves."""

from pathlib import Path

RESULTS = Path("benchmarks/results")
"""Where `toon-bench run --save` writes results, in a checkout of the kit."""
