"""Offline work on archives: replay, scoring by the worker's own step, and calibration."""
