"""Measurements of speed, run by hand: each prints a table and writes JSON to bench-output."""
