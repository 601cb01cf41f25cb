"""Helpers of several packages that do not concern files."""
