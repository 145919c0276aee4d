"""What a measurement was made on, and what disturbed it."""
