"""A discriminator that looks through frozen ImageNet features, and the colour that the generator must keep."""
