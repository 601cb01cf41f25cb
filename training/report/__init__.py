"""Reports of an evaluation for readers: an HTML page with figures, and the model card."""
