"""Runs the live cartoonizer, unattended for weeks if need be: assembly, configuration, signals, watchdog."""
