"""`toon-train tracker`: trains the small network that follows a face from frame to frame."""
