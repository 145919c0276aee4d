"""Reads the device of a measurement, and its state and other work meanwhile."""
