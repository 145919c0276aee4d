"""A run directory: the loop, its checkpoints, its log, and how a run begins."""
