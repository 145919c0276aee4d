"""The text inside a model file: where it stands in each format, and how it gets there."""
