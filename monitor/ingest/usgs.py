"""USGS web service of geomagnetic data.

Source: usgs/geomag-algorithms, geomagio/imfjson/IMFJSONWriter.py. D is in minutes of arc; a null
has not come yet, or will never come. The `type` is always stated, as documents and code disagree on
its default. Public domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from archive.iaga2002 import read_iaga2002
from archive.readings import recording_of as archive_recording
from archive.recording import Recording
from geofield.utc import time_ms, utc
from monitor.ingest.addresses import USGS_URL
from monitor.ingest.parsing import MINUTES, check_no_web_page, numbers, recording_of
from monitor.ingest.stations import StationPlan

MOST_SAMPLES = 43_200  # a request: three elements of them stay below 144,000 values


class UsgsValues(msgspec.Struct, frozen=True):
    """One element."""

    id: str
    values: list[float | None]


class UsgsAnswer(msgspec.Struct, frozen=True):
    """What is used of an answer."""

    times: list[str]
    values: list[UsgsValues]


_decoder = msgspec.json.Decoder(UsgsAnswer)


@dataclass(frozen=True, slots=True)
class UsgsService:
    """The service, with the options of the address."""

    base: str = USGS_URL
    options: Mapping[str, str] = field(default_factory=dict)
    cadence_ms: int = 1000
    poll_s: float = 60.0

    @property
    def longest_ms(self) -> int:
        """Span of the samples that a request may ask for."""
        return MOST_SAMPLES * self.cadence_ms

    def url(self, plan: StationPlan, start_ms: int, end_ms: int) -> str:
        """Address of a span; the service includes its end."""
        asked = {
            "id": plan.station,
            "starttime": utc(start_ms),
            "endtime": utc(end_ms - plan.cadence_ms),
            "elements": self.options.get("elements", "H,D,Z"),
            "sampling_period": plan.cadence_ms // 1000,
            "type": self.options.get("type", "variation"),
            "format": self.options.get("format", "json"),
        }
        return f"{self.base}?{urlencode(asked)}"

    def parse(self, plan: StationPlan, body: bytes) -> list[Recording]:
        """Samples of an answer in either format."""
        check_no_web_page(body)
        if self.options.get("format") == "iaga2002":
            return parse_iaga2002(plan, body)
        try:
            answer = _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"no data in JSON: {error}") from None
        if not answer.times:
            return []
        start_ms = _even_start_ms(answer.times, plan.cadence_ms)
        elements = {column.id: numbers(column.values) for column in answer.values}
        if {len(values) for values in elements.values()} != {len(answer.times)}:
            raise ValueError("its arrays are not as long as its times: half an answer")
        mapped = {plan.table.channels.get(name, name): values for name, values in elements.items()}
        recording = recording_of(plan, start_ms, mapped, MINUTES)
        return [] if recording is None else [recording]


def _even_start_ms(times: list[str], cadence_ms: int) -> int:
    """Time of the first of evenly spaced times."""
    first_ms, last_ms = time_ms(times[0]), time_ms(times[-1])
    if last_ms - first_ms != (len(times) - 1) * cadence_ms:
        raise ValueError(f"its times are not {cadence_ms / 1000:g} s apart")
    return first_ms


def parse_iaga2002(plan: StationPlan, body: bytes) -> list[Recording]:
    """Samples of an answer in IAGA-2002, whose angles are in minutes of arc."""
    check_no_web_page(body)
    found = archive_recording(read_iaga2002(body))
    if found.station != plan.station:
        raise ValueError(f"it answers for {found.station or 'no station'}, not {plan.station}")
    if found.cadence_ms != plan.cadence_ms:
        raise ValueError(f"it answers with samples every {found.cadence_ms / 1000:g} s")
    recording = recording_of(plan, found.start_ms, found.elements, 1.0)
    return [] if recording is None else [recording]
