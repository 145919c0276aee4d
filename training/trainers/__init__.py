"""One trainer for each training command (`toon-train pairs` is pairs_trainer.py), and the parts that they share."""
