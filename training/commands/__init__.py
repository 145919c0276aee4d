"""One module for each command of toon-train, with its flags and its run function."""
