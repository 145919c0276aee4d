"""Measures how near a generator's pictures come to real cartoons."""
