"""Earthquakes from the USGS, or from a catalogue, to the quake topic."""
