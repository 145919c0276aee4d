"""Measures model files: every variant in a process of its own, in interleaved rounds, and the whole pipeline."""
