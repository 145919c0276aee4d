"""Sources, which deliver frames."""
