"""What a device can do at most, what a model asks of it, and so how fast the model could be."""
