"""Earthquakes: catalogued values, and which of them count at a station."""
