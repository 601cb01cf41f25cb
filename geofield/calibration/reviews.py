"""Instants of event time at which the calibration of a station is reviewed."""

import hashlib


def review_from(station: str, end_ms: int, hop_ms: int, every_ms: int) -> int:
    """Time of the station's first review at or after `end_ms`.

    A hash of the station's name spreads the reviews of stations over the interval.
    """
    digest = hashlib.sha256(station.encode()).digest()
    offset_ms = int.from_bytes(digest[:8], "big") % max(every_ms // hop_ms, 1) * hop_ms
    return end_ms + (offset_ms - end_ms) % every_ms
