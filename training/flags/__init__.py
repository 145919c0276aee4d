"""Flags that several commands of toon-train share; nothing here is heavy to import."""
