"""The stream processor."""
