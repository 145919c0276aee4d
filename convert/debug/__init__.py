"""Finds the operators that cost an int8 file the most, and tries finer numbers for them."""
