"""Sinks, which take finished frames."""
