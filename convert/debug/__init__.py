"""Finds the operators that make an int8 file bad, and tries finer numbers for them."""
