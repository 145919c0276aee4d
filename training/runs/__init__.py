"""A run: its directory, loop, checkpoints, log, dry run, teacher and warm start."""
