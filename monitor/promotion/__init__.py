"""Whether a new model may take over."""
