"""How near a generator's pictures come to its target domain."""
