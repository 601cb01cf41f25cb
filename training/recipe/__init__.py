"""A recipe: every choice behind a model, and its checks."""
