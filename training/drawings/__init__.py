"""Photographs drawn by the thousand, on all cores: pairs to train from, and teachers of a student."""
