"""Finds faces in frames and follows them."""
