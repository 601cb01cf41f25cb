"""Complete runs: training, evaluation, publication."""
