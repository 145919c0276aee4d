"""Photographs and cartoons in, run directory out: the CycleGAN teacher and the small student that ships."""
