"""Drawn styles: a style is a program that takes a photograph with its landmarks and gives a drawing."""
