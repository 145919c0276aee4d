"""The networks that this kit trains, the encoders behind its losses, and the losses themselves."""
