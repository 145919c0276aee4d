"""The commands of toon-bench, one module each."""
