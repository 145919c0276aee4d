"""The networks that this kit trains or looks through, and the losses on their outputs."""
