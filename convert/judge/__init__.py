"""Compares a model file with its float generator and reports whether it passes."""
