"""What is converted (a run, a Keras model or a SavedModel), and the pictures to calibrate and judge it with."""
