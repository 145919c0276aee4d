"""Compares a model file with its float generator and writes down whether it passes."""
