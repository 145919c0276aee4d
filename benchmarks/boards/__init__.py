"""Estimates a range for a board that nobody measured."""
