"""One trainer for each training command (`toon-train pairs` is pairs_trainer.py), and their shared parts."""
