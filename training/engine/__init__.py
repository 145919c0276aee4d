"""Where TensorFlow and JAX differ, and how several devices share a batch."""
