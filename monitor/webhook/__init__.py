"""Alerts to an HTTP receiver."""
