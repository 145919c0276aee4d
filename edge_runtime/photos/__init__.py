"""Cartoonizes still pictures, each for itself and at its own size."""
