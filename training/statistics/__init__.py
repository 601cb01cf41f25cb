"""Statistics of the evaluation."""
