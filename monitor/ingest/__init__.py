"""Live data of stations from their own services into the samples topic."""
