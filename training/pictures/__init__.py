"""Picture files in, batches out: discovery, decoding, split, pairs and augmentation."""
