"""How many stations without a profile file a partition takes.

Every station costs the worker some 20 kB for as long as it runs, and a sender that invents codes
would fill the memory. Stations with a profile file are the operator's own and always find room.
Room is counted in each partition by the states that came from it, which a restart or another
worker reads back, so that the same records are refused whoever reads them.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.checkpoint import Held
from monitor.codec import Accepts, Reason, Rejected
from monitor.runs import Run


class Strangers:
    """The stations without a profile file, by partition, as a batch goes on."""

    def __init__(self, held: Mapping[str, Held], accepts: Accepts) -> None:
        self._found: dict[int, set[str]] = {}
        for station, one in held.items():
            if station not in accepts.declination_deg:
                self._found.setdefault(one.partition, set()).add(station)

    def refuse(self, run: Run, accepts: Accepts) -> Rejected | None:
        """Find room for a station's records; if there is none, the reason.

        What is refused for its values must not come here: it takes no room.
        """
        station, partition = run.station, run.last.partition
        if station in accepts.declination_deg:
            return None
        known = self._found.setdefault(partition, set())
        if station not in known and len(known) >= accepts.strangers:
            return Rejected(
                Reason.TOO_MANY_STATIONS,
                f"{station} has no profile, and its partition has {len(known):,} such stations "
                "already: calibrate it, or raise MAGWATCH_STRANGERS",
            )
        known.add(station)
        return None
