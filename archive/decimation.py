"""Recordings at the cadence of a model, filtered from faster ones."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from archive.recording import Recorded, Recording, joined, records_across
from geofield.series.angle_units import turned
from geofield.series.low_pass import LowPass, low_pass
from geofield.types import Float64

# Results must not depend on the length of the records that are asked for, to the last bit: the
# faster data are always filtered in the same pieces.
PIECE_MS = 3_600_000
log = logging.getLogger("magwatch.archive")


@dataclass(frozen=True, slots=True, eq=False)
class DecimatedRecording:
    """A recording filtered to a slower cadence while its records are taken.

    Attributes
    ----------
    source
        The faster recording.
    filter
        From its cadence to the slower one.
    """

    source: Recorded
    filter: LowPass

    @property
    def station(self) -> str:
        """IAGA code."""
        return self.source.station

    @property
    def cadence_ms(self) -> int:
        """Sampling interval."""
        return self.filter.to_ms

    @property
    def start_ms(self) -> int:
        """Time of the first sample."""
        return _next_ms(self.source.start_ms, self.cadence_ms)

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""
        return max(_next_ms(self.source.end_ms, self.cadence_ms), self.start_ms)

    def __len__(self) -> int:
        return (self.end_ms - self.start_ms) // self.cadence_ms

    def records(self, length: int) -> Iterator[Recording]:
        """Yield the records of `Recording.records`."""
        pieces = self.source.records(PIECE_MS // self.filter.from_ms)
        return records_across(decimated(pieces, self.filter), length)


def at_cadence(recordings: Iterable[Recorded], *cadences_ms: int) -> list[Recorded]:
    """Recordings with those that are faster, and can be, filtered to a cadence; each is told.

    Of several cadences it is the first that a recording has or can be filtered to.
    """
    slower: list[Recorded] = []
    told: set[tuple[str, int]] = set()
    for recording in recordings:
        chosen = _chosen(recording.cadence_ms, cadences_ms)
        slower.append(DecimatedRecording(recording, chosen) if chosen else recording)
        if chosen and (recording.station, recording.cadence_ms) not in told:
            told.add((recording.station, recording.cadence_ms))
            log.warning("%s", _words(recording.station, chosen))
    return slower


def _chosen(from_ms: int, cadences_ms: Sequence[int]) -> LowPass | None:
    if from_ms in cadences_ms:
        return None
    filters = (low_pass(from_ms, cadence_ms) for cadence_ms in cadences_ms)
    return next(filter(None, filters), None)


def whole_at_cadence(recording: Recording, cadence_ms: int) -> Recording:
    """A recording in memory, filtered to a cadence if it is faster and can be; it is told.

    Raises
    ------
    ValueError
        If it has no sample at that cadence.
    """
    (slower,) = at_cadence([recording], cadence_ms)
    if isinstance(slower, Recording):
        return slower
    pieces = list(slower.records(PIECE_MS))
    if not pieces:
        raise ValueError(f"{recording.station}: no sample of {cadence_ms / 1000:g} s is within it")
    return joined(pieces)


def _words(station: str, chosen: LowPass) -> str:
    return (
        f"{station}: one sample every {chosen.from_ms / 1000:g} s, filtered to one every "
        f"{chosen.to_ms / 1000:g} s by {chosen.words}"
    )


def decimated(records: Iterable[Recording], chosen: LowPass) -> Iterator[Recording]:
    """Filter consecutive records of a station; yields consecutive records of the slower cadence."""
    held: Recording | None = None
    next_ms = 0
    for record in records:
        if held is None:
            next_ms = _next_ms(record.start_ms, chosen.to_ms)
            held = record
        else:
            held = joined([held, record])
        ready_ms = max(_next_ms(held.end_ms - chosen.half_ms, chosen.to_ms), next_ms)
        yield from _filtered(held, chosen, next_ms, ready_ms)
        next_ms = ready_ms
        held = held.between(next_ms - chosen.half_ms, held.end_ms)
    if held is not None:
        yield from _filtered(held, chosen, next_ms, _next_ms(held.end_ms, chosen.to_ms))


def _filtered(held: Recording, chosen: LowPass, start_ms: int, end_ms: int) -> Sequence[Recording]:
    """The slower samples from one time to another (exclusive); none if there are none."""
    if start_ms >= end_ms:
        return []
    length = (end_ms - chosen.to_ms - start_ms + 2 * chosen.half_ms) // chosen.from_ms + 1
    elements = {}
    for name, values in held.elements.items():
        padded = np.full(length, np.nan)
        begin = (held.start_ms - (start_ms - chosen.half_ms)) // chosen.from_ms
        source = values[max(-begin, 0) : length - begin]
        padded[max(begin, 0) : max(begin, 0) + len(source)] = source
        elements[name] = _of_angle(padded, chosen) if name == "D" else chosen.filtered(padded)
    part = replace(held, start_ms=start_ms, cadence_ms=chosen.to_ms, elements=elements)
    return [part]


def _of_angle(values_deg: Float64, chosen: LowPass) -> Float64:
    """Filtered declinations; those about 180 or 360 degrees do not jump."""
    from_first_deg = turned(values_deg)
    filtered_deg = chosen.filtered(from_first_deg)
    if from_first_deg is values_deg:
        return filtered_deg
    first_deg = values_deg[~np.isnan(values_deg)][0]
    return np.asarray((filtered_deg + first_deg + 180) % 360 - 180)


def _next_ms(at_ms: int, cadence_ms: int) -> int:
    """First multiple of a cadence from a time on."""
    return -(-at_ms // cadence_ms) * cadence_ms
