"""Faults of instruments and man-made pulses in a window."""
