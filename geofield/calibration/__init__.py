"""Calibration: scale, threshold and profile of a station from its quiet windows."""
