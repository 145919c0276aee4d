"""Run directory in, model file and report out, or a refusal."""
