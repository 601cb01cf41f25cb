"""INTERMAGNET's node at Edinburgh, GINServices: whole days, one day a request.

Times of the future and values that have not come are null. ESK, HAD and LER are withheld for ten
days: all null, with `embargo_applied`. CC BY-NC 4.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from archive.elements import ELEMENTS
from archive.recording import Recording
from geofield.utc import DAY_MS, time_ms, utc_day
from monitor.ingest.addresses import GIN_URL
from monitor.ingest.parsing import check_no_web_page, numbers, recording_of
from monitor.ingest.stations import StationPlan
from monitor.ingest.usgs import parse_iaga2002

SAMPLES_PER_DAY = {60_000: "minute", 1000: "second"}
POLL_S = {60_000: 300.0, 1000: 900.0}  # a day of seconds is 6 to 8 MB


@dataclass(frozen=True, slots=True)
class GinService:
    """The service, with the options of the address."""

    base: str = GIN_URL
    options: Mapping[str, str] = field(default_factory=dict)
    cadence_ms: int = 1000
    longest_ms: int = DAY_MS

    @property
    def poll_s(self) -> float:
        """Time between two polls: each brings the whole day again."""
        return POLL_S[self.cadence_ms]

    def url(self, plan: StationPlan, start_ms: int, end_ms: int) -> str:  # noqa: ARG002
        """Address of the day in which the span lies."""
        asked = {
            "Request": "GetData",
            "observatoryIagaCode": plan.station,
            "samplesPerDay": SAMPLES_PER_DAY[plan.cadence_ms],
            "dataStartDate": utc_day(start_ms),
            "dataDuration": 1,
            "publicationState": self.options.get("state", "best-avail"),
            "orientation": self.options.get("orientation", "XYZF"),
            "format": self.options.get("format", "json"),
            "recordTermination": "UNIX",
        }
        return f"{self.base}?{urlencode(asked)}"

    def parse(self, plan: StationPlan, body: bytes) -> list[Recording]:
        """Samples of an answer in either format."""
        if self.options.get("format") == "iaga2002":
            return parse_iaga2002(plan, body)
        check_no_web_page(body)
        try:
            answer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            times = msgspec.json.decode(answer["datetime"], type=list[str])
            elements = {
                name: numbers(msgspec.json.decode(answer[name], type=list[float | None]))
                for name in sorted(ELEMENTS & answer.keys())
            }
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError) as error:
            raise ValueError(f"no data in JSON: {error}") from None
        if {len(values) for values in elements.values()} != {len(times)} or not times:
            raise ValueError("its arrays are not as long as its times: half an answer")
        if b'"embargo_applied":true' in body.replace(b" ", b""):
            raise ValueError(f"{plan.station} is withheld for some days: choose another source")
        first_ms = time_ms(times[0])
        if time_ms(times[-1]) - first_ms != (len(times) - 1) * plan.cadence_ms:
            raise ValueError(f"its times are not {plan.cadence_ms / 1000:g} s apart")
        recording = recording_of(plan, first_ms, elements)
        return [] if recording is None else [recording]
