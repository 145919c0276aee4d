"""Runs a generator on one picture: one interface, one module for each runtime."""
