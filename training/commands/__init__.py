"""One module for each command of toon-train: its flags, and what it runs."""
