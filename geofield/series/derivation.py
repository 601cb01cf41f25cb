"""Slower samples of a stream of faster ones, as minute means of one sample a second.

::

                    |<---- half ---->|<---- half ---->|<- lateness ->|
    ----------------+----------------+----------------+--------------+----> event time
                                  minute                        newest second

A minute is derived once the watermark of the seconds has passed the end of its filter: until then a
second may arrive in any order, again, or corrected. Each minute is filtered by itself, so that
neither records nor batches change a bit of it.
"""

import numpy as np

from geofield.series.buffer import Buffer, inserted, started
from geofield.series.low_pass import LowPass
from geofield.series.samples import COMPONENTS, Samples
from geofield.types import Float64
from geofield.utc import DAY_MS


def derive(
    buffer: Buffer | None, samples: Samples, chosen: LowPass, lateness: int
) -> tuple[Buffer, Samples]:
    """Take in one record of faster samples and return the slower ones that are due.

    After a silence of more than a day the station starts afresh.

    Parameters
    ----------
    buffer
        What the last call returned, None for a station never seen. Its `next_end` is the number of
        the faster sample at which the next slower one lies.
    samples
        One record.
    chosen
        The filter between the two cadences.
    lateness
        How many faster samples older than the newest one a sample may be and still count.

    Returns
    -------
    The new buffer, and consecutive slower samples (maybe none) that follow those of the last call.
    """
    step = chosen.to_ms // chosen.from_ms
    if buffer is not None and samples.first - buffer.after > DAY_MS // chosen.from_ms:
        buffer = None
    if buffer is None:
        buffer, _ = started(samples)
    else:
        buffer, _ = inserted(buffer, samples, lateness)
    first_at = -(-buffer.first // step) * step
    at = first_at if buffer.next_end is None else max(buffer.next_end, first_at)
    watermark = buffer.after - 1 - lateness
    due = range(at, watermark - chosen.half + 1, step)
    field_nt = np.empty((len(due), len(COMPONENTS)))
    for row, centre in zip(field_nt, due, strict=True):
        row[:] = _filtered_nt(buffer, centre, chosen)
    slower = Samples(samples.station, at * chosen.from_ms, chosen.to_ms, field_nt)
    if not due:  # before the first one, earlier samples may still come
        return buffer, slower
    next_at = at + len(due) * step
    spent = min(max(next_at - chosen.half - buffer.first, 0), len(buffer.field_nt))
    return buffer.without(spent, next_at), slower


def _filtered_nt(buffer: Buffer, centre: int, chosen: LowPass) -> Float64:
    """The slower sample at a faster one, shape [3]: NaN where too much is missing."""
    around_nt = np.full((len(COMPONENTS), 2 * chosen.half + 1), np.nan)
    begin = centre - chosen.half - buffer.first
    known_nt = buffer.field_nt[max(begin, 0) : begin + around_nt.shape[1]].T
    around_nt[:, max(-begin, 0) : max(-begin, 0) + known_nt.shape[1]] = known_nt
    return np.concatenate([chosen.filtered(component_nt) for component_nt in around_nt])
