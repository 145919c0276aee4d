"""The names of the targets, without heavy imports, for a quick command line."""

TARGETS = ("xnnpack", "ethos-u55", "ethos-u65", "edgetpu")
