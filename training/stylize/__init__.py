"""The VGG19 style-transfer baseline."""
