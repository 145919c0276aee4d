"""Compares a model file with its float generator and decides whether it passes."""
