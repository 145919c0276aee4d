"""Runs the live cartoonizer, for weeks without a person where need be: assembly, configuration, signals, watchdog."""
