"""The score of a window, and the manifest of a model."""
