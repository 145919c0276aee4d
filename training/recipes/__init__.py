"""Recipes: the settings of a run as dataclasses read from TOML, and the packaged recipe files."""
