"""Live cartoonizer for a Raspberry Pi or any CPU: model file in, cartoon out. Imports no training framework."""

__version__ = "0.2.0.dev0"
