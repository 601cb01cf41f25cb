"""The domain of magwatch: windows, scores, thresholds and alerts of a magnetometer station.

Pure functions and frozen values on numpy arrays. Nothing here reads a file, a clock, the
network or the environment, and nothing logs: functions take all input as arguments and return
all results. Times are integer milliseconds since 1970-01-01T00:00:00 UTC (``_ms``). Fields are
in nanotesla (``_nt``) with the components in the order H (magnetic north), E (magnetic east),
Z (down).
"""
