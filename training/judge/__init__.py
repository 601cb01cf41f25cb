"""Judging scores on real earthquakes: statistics that survive, and the verdict in words."""
