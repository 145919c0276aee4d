"""Model file in, latency per device out."""
