"""Alarms against earthquakes: what counts, and what chance would give."""
