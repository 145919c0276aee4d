"""Runs for weeks without a person: configuration, logs, reload, watchdog, tuning."""
