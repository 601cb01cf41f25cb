"""An evaluation for people: one HTML page with figures, and the model card."""
