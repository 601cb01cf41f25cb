"""Windows for training."""
