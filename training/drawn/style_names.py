"""The names of the drawn styles; a module of its own, so that `toon-train --help` knows them without NumPy."""

NAMES = ("toon", "anime", "comic", "poster", "manga", "ink", "watercolour", "wash", "pencil")
