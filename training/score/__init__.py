"""How near a generator's pictures come to the cartoons that it should draw."""
