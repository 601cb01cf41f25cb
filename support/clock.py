"""The clock of this machine; `geofield` works in event time alone."""

import time


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return round(time.time() * 1000)
