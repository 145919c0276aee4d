"""Measures a model file: variants, stages, operators, peaks."""
