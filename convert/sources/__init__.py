"""Loads the generator to convert (a run, a Keras model or a SavedModel), and pictures for calibration and test."""
