"""The differences between TensorFlow and JAX, and the sharing of a batch among several devices."""
