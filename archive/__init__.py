"""Files at rest, read the same way by the monitor and by training.

Observatory archives, the Kp table, model files and station profiles. This package turns bytes
into values of `geofield` and refuses what it cannot trust; it decides nothing.
"""
