"""Calibration of a station from its live samples."""
