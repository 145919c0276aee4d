"""Neural style transfer with VGG19: the baseline that the CycleGAN is compared with."""
