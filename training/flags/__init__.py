"""Flags that several commands of toon-train share. Importing them loads no heavy library."""
