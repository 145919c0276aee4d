"""What differs between TensorFlow and JAX, and how several devices share a batch."""
