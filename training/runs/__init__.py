"""A run: its directory, the loop, checkpoints, the log, and what it can start from."""
