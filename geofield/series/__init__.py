"""Samples in time: orientation, gaps, buffers, windows, the band-pass filter."""
