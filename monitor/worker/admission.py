"""Limit on the number of stations without a profile file in each partition.

Each station takes about 20 kB of the worker's memory, so a sender that invents station codes would
fill it. Stations with a profile file are the operator's own and not limited. The stations of a
partition are counted from its states. A restarted or another worker reads the same states back, so
it refuses the same records.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.records.sample_decoder import Accepts, Reason, Rejected
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.segments import Segment


class UnprofiledStations:
    """The stations without a profile file, by partition, within a batch."""

    def __init__(self, checkpoints: Mapping[str, StationCheckpoint], accepts: Accepts) -> None:
        self._admitted: dict[int, set[str]] = {}  # stations, by partition
        for station, checkpoint in checkpoints.items():
            if station not in accepts.declination_deg:
                self._admitted.setdefault(checkpoint.partition, set()).add(station)

    def refuse(self, segment: Segment, accepts: Accepts) -> Rejected | None:
        """Admit a station's records; return the reason if its partition has no room.

        Call it only for records with usable values: others need no room.
        """
        station, partition = segment.station, segment.last.partition
        if station in accepts.declination_deg:
            return None
        known = self._admitted.setdefault(partition, set())
        if station not in known and len(known) >= accepts.most_unprofiled:
            return Rejected(
                Reason.TOO_MANY_STATIONS,
                f"{station} has no profile, and its partition has {len(known):,} such stations "
                "already: calibrate it, or raise MAGWATCH_STRANGERS",
            )
        known.add(station)
        return None
