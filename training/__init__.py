"""Trains on photographs and cartoons and writes run directories: CycleGAN teachers and the small student that ships."""
