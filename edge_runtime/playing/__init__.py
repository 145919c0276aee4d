"""The order and times of frames: one source after another, at their own times, and where a scene ends."""
