"""One module for each command of toon-convert."""
