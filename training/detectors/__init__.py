"""Finds faces in pictures for data preparation: one interface, and one module for each detector.

The default, `device`, is the detector of toon-live, so training sees faces cut exactly as the device cuts them.
`yunet` and `cascade` take a file that the user names.
"""
