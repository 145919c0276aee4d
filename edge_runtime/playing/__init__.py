"""The order and times of frames: one source after another, at their own times, from thread to thread, scene by scene."""
