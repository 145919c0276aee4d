"""Opens any model file, ours or another project's, on any runtime that can run it."""
