"""Finds faces in pictures for data preparation: one interface, one module for each detector.

`device` is what the camera uses, and the default: training then sees faces cut exactly as the device cuts them.
`yunet` and `cascade` take a file that the user names.
"""
