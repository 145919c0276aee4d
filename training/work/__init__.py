"""Long jobs in pieces: on all cores, in order, with a journal, so that a killed run can continue."""
