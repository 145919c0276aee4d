"""What is converted: a run, a Keras model or a SavedModel."""
