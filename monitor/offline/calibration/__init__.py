"""`magwatch calibrate`: a profile from quiet days of an archive."""
