"""The order and times of frames: one source after another, at their own times, through threads and scenes."""
