"""Turns one frame into its cartoon."""
