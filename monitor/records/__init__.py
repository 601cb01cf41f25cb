"""The records of all topics."""
