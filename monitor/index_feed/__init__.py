"""Geomagnetic indices from their services to the index topic."""
