"""Flags that several commands of toon-train share, and the path of every training. Importing them is light."""
