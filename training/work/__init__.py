"""Long work in pieces: on all cores in order, with a journal, so that a run that was killed goes on."""
