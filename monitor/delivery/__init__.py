"""Alerts from the topic to HTTP receivers."""
