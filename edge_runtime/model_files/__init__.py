"""Writes and reads the spec's text inside a model file, in each format."""
