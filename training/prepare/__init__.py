"""Turns folders of pictures into a clean, split data set with a manifest and a report."""
