"""Turns picture files into batches: discovery, decoding, split, pairs and augmentation."""
