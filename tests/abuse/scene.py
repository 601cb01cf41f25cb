"""What hostile producers copy, and what they may not write in the name of an honest station.

A record that must be refused may bear an honest station's name. One that may be believed may not:
who can write such records to a topic is, by that topic's access list, part of the monitor.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

import msgspec

from archive.kp import kp_intervals
from archive.profile import decode_profile, save_profile
from geofield.indices import DST, KP, IndexInterval
from geofield.utc import time_ms
from monitor.assembly import Assembly, assemble
from monitor.kafka.topics import plans
from monitor.offline.pacing import interleaved
from monitor.records.handovers import decode_handover, encode_handover
from monitor.records.indices import decode_indices, encode_index
from monitor.records.reviews import Said, decode_review, encode_review, review_of
from monitor.records.sample_decoder import RawRecord, Rejected, decode
from monitor.records.sample_encoder import encode_samples
from monitor.records.scores_and_alerts import decode_alert
from monitor.records.sources import encode_source
from monitor.worker import checkpoint
from tests.abuse.batches import Headers, Record
from tests.chaos.workload import Expected, Workload
from tests.monitor.workers import Site

STORM_MS = 1_067_299_200_000  # 2003-10-28, twenty years before the honest stations' data
DAY_MS = 86_400_000
FAR_MS = 30 * DAY_MS
HONEST = re.compile(rb"W(\d\d)")
ALERT_ID = re.compile(rb"[0-9a-f]{32}")
JSON_TOPICS = (
    "scores", "scores-shadow", "alerts", "indices", "control", "profiles", "reviews", "sources",
)  # fmt: skip


@dataclass
class Scene:
    """Where the hostile work: a site, and real records and the number of partitions by topic."""

    site: Site
    assembly: Assembly
    honest: frozenset[str]
    span_ms: tuple[int, int]
    originals: dict[str, list[Record]]
    partitions: Mapping[str, int]

    def believed(self, topic: str, record: Record, original: Record) -> bool:
        """Whether the record could change what is said of an honest station, and rightly so."""
        value = record.value
        if value is None:  # takes a checkpoint back
            return topic == "state" and self.names_honest(record.key)
        checks: dict[str, Callable[[], bool]] = {
            "samples": lambda: self.names_honest(record.key) and self.judged(raw(record)) is None,
            "scores": lambda: HONEST.search(value) is not None and _is_json(value),
            "alerts": lambda: ALERT_ID.search(value) is not None and _is_json(value),
            "indices": lambda: self._indices_believed(value),
            "reviews": lambda: self._review_believed(value),
            "control": lambda: _is_read(decode_handover, value),
            "state": lambda: self.names_honest(record.key) and _is_state(value, original.value),
        }
        check = checks.get(topic.removesuffix("-shadow"))
        return check is not None and check()

    def judged(self, record: RawRecord) -> Rejected | None:
        """Why a record of the samples topic must not be taken, if it must not."""
        found = decode(record, self.assembly.accepts)
        return found if isinstance(found, Rejected) else None

    def _indices_believed(self, value: bytes) -> bool:
        begin_ms, end_ms = self.span_ms
        try:
            found = decode_indices(value)
        except Exception:
            return False
        return any(
            one.end_ms > begin_ms - FAR_MS and one.start_ms < end_ms + FAR_MS for one in found
        )

    def _review_believed(self, value: bytes) -> bool:
        known = {(record.key or b"").decode() for record in self.originals["alerts"]}
        try:
            return decode_review(value).alert_id in known
        except Exception:
            return False

    def names_honest(self, key: bytes | None) -> bool:
        """Whether a record is kept under the name of an honest station."""
        return (key or b"").decode(errors="replace") in self.honest


def raw(record: Record, timestamp_ms: int = -1, partition: int = 0, offset: int = 0) -> RawRecord:
    """A record as the worker's codec takes it."""
    kind = ""
    for name, text in record.headers:
        if name.decode(errors="replace").lower() == "content-type":
            kind = (text or b"").decode(errors="replace")
    return RawRecord("", partition, offset, timestamp_ms, record.key, record.value, kind)


def cooked(record: RawRecord) -> Record:
    """A record of the codec's as it is sent."""
    kind = record.content_type.encode()
    headers: Headers = ((b"content-type", kind),) if kind else ()
    return Record(record.key, record.value, headers)


def as_strangers(record: Record, random: Random) -> Record:
    """The same in the name of a station that nobody knows, and of an alert that never was."""
    code = b"Z%02d" % random.randrange(100)
    value = record.value
    if value is not None:
        value = ALERT_ID.sub(random.randbytes(16).hex().encode(), HONEST.sub(code, value))
    return replace(record, key=HONEST.sub(code, record.key or b""), value=value)


def scene_of(site: Site, workload: Workload, expected: Expected) -> Scene:
    """A scene for a site whose profiles are there."""
    assembly = assemble(site.settings)
    recordings = workload.recordings
    span_ms = min(one.start_ms for one in recordings), max(one.end_ms for one in recordings)
    return Scene(
        site,
        assembly,
        frozenset(one.station for one in recordings),
        span_ms,
        _originals(site, assembly, workload, expected),
        {plan.name: plan.partitions or site.settings.partitions for plan in plans(site.settings)},
    )


def place_apart(site: Site) -> None:
    """Give every profile a position far from the others', so that stations are compared."""
    assert site.settings.profiles is not None
    for number, path in enumerate(sorted(site.settings.profiles.glob("*.json"))):
        profile = decode_profile(path.read_bytes())
        position_deg = (float(number * 37 % 160 - 80), float(number * 53 % 360 - 180))
        save_profile(replace(profile, position_deg=position_deg), site.settings.profiles)


def _originals(
    site: Site, assembly: Assembly, workload: Workload, expected: Expected
) -> dict[str, list[Record]]:
    """Real records of each topic; those of two are only there once a worker has written them."""
    assert site.settings.profiles is not None
    records = interleaved(workload.recordings, workload.record_s)
    scores = [Record(_station(value), value) for value in expected.scores]
    kp = kp_intervals(STORM_MS, STORM_MS + DAY_MS)
    dst = [IndexInterval(DST, one.start_ms, one.end_ms, one.known_ms, -300.0) for one in kp]
    return {
        "samples": [Record(one.station.encode(), encode_samples(one)) for one in records],
        "scores": scores,
        "scores-shadow": scores,
        "alerts": [Record(_alert_id(value), value) for value in expected.alerts],
        "indices": [Record(b"Kp", encode_index(KP, kp)), Record(b"Dst", encode_index(DST, dst))],
        "control": [Record(*encode_handover("", assembly.rules.model, STORM_MS))],
        "reviews": list(map(_review, expected.alerts)),
        "sources": [
            Record(one.station.encode(), encode_source(one.station, "silent", one.end_ms, "gone"))
            for one in workload.recordings
        ],
        "profiles": [
            Record(path.stem.encode(), path.read_bytes())
            for path in site.settings.profiles.glob("*.json")
        ],
        "state": [],
        "deadletter": [],
    }


def _review(alert: bytes) -> Record:
    """A review that takes an alert out of what a living profile remembers."""
    data = decode_alert(alert).data
    span_ms = time_ms(data.start), time_ms(data.end)
    said = Said("man-made", "nobody", "a <b>car</b>")
    return Record(*encode_review(review_of(data.alert_id, data.station, span_ms, said, STORM_MS)))


class _Anything(msgspec.Struct):
    pass


def _station(value: bytes) -> bytes:
    return str(msgspec.json.decode(value)["station"]).encode()


def _alert_id(value: bytes) -> bytes:
    return str(msgspec.json.decode(value)["data"]["alert_id"]).encode()


def _is_json(value: bytes) -> bool:
    """As readers see it that know some of its fields, and do not look at the others' letters."""
    return _is_read(msgspec.json.Decoder(_Anything).decode, value)


def _is_read(read: Callable[[bytes], object], value: bytes) -> bool:
    try:
        read(value)
    except Exception:  # whatever it is, the value is not understood
        return False
    return True


def _is_state(value: bytes, original: bytes | None) -> bool:
    """Whether it would be taken for a checkpoint, be it one that makes earlier ones void."""
    if value == original:  # the furthest of a station counts, so an older one does nothing
        return False
    try:
        head = msgspec.msgpack.decode(zlib.decompress(original or b""))
    except zlib.error:  # copied from another topic: no worker has written here yet
        return False
    return _is_read(lambda one: checkpoint.decode(one, head["fingerprint"]), value)
