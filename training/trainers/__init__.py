"""One module for each kind of training, and the parts that they share."""
