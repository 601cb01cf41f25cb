"""Evaluation on injected transients of known strength."""
