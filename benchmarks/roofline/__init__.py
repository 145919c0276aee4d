"""Measures a device's peaks, counts a model's operations, and bounds how fast the model could be."""
