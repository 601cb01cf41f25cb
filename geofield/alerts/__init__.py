"""Alerts: when they open and resolve, and how they are classified."""
