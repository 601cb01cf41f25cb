"""IMPF, INTERMAGNET's MQTT payload.

Source: INTERMAGNET/wg-www-gins-data-formats, ImagMQTT: topic
`impf/<iaga>/<cadence>/<level>/<elements>` in lower case, a JSON object with `startDate` and arrays.
Its text and its schema disagree on the unit of angles, so the station's `angles` has to say it.
MARTAS sends numbers as text and gaps as 99999.0; both are understood.
"""

from __future__ import annotations

import msgspec

from archive.recording import Recording
from geofield.utc import time_ms
from monitor.ingest.parsing import numbers, recording_of
from monitor.ingest.stations import StationPlan
from monitor.records.sample_decoder import cadence_of
from monitor.records.sample_payloads import ELEMENTS, Numbers

LEVELS = 5  # impf, station, cadence, level, elements
CADENCES = {"1hz": "PT1S"}
MOST_SAMPLES = 86_400


class ImpfMessage(msgspec.Struct, rename="camel", frozen=True):
    """What is used of a message; other keys are left alone."""

    start_date: str
    geomagnetic_field_x: Numbers = msgspec.field(default=None, name="geomagneticFieldX")
    geomagnetic_field_y: Numbers = msgspec.field(default=None, name="geomagneticFieldY")
    geomagnetic_field_z: Numbers = msgspec.field(default=None, name="geomagneticFieldZ")
    geomagnetic_field_h: Numbers = msgspec.field(default=None, name="geomagneticFieldH")
    geomagnetic_field_d: Numbers = msgspec.field(default=None, name="geomagneticFieldD")
    geomagnetic_field_e: Numbers = msgspec.field(default=None, name="geomagneticFieldE")
    geomagnetic_field_i: Numbers = msgspec.field(default=None, name="geomagneticFieldI")
    geomagnetic_field_f: Numbers = msgspec.field(default=None, name="geomagneticFieldF")
    geomagnetic_field_s: Numbers = msgspec.field(default=None, name="geomagneticFieldS")


_decoder = msgspec.json.Decoder(ImpfMessage, strict=False)


def parse_impf(plan: StationPlan, topic: str, body: bytes) -> list[Recording]:
    """Samples of a message; none of one with the scalar alone.

    Raises
    ------
    ValueError
        If topic or payload are not IMPF, or not of this station and cadence.
    """
    _check_topic(plan, topic)
    try:
        message = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no IMPF: {error}") from None
    arrays = dict(zip(ELEMENTS, msgspec.structs.astuple(message)[1:], strict=True))
    elements = {name: numbers(values) for name, values in arrays.items() if values is not None}
    lengths = sorted({len(values) for values in elements.values()})
    if not lengths or lengths[0] == 0:
        raise ValueError("no IMPF: it has no values")
    if len(lengths) > 1 or lengths[0] > MOST_SAMPLES:
        raise ValueError(f"no IMPF: arrays of {lengths[0]:,} to {lengths[-1]:,} values")
    recording = recording_of(
        plan, time_ms(message.start_date), elements, scale_nt=plan.table.scale_nt
    )
    return [] if recording is None else [recording]


def _check_topic(plan: StationPlan, topic: str) -> None:
    levels = topic.split("/")
    if len(levels) != LEVELS or levels[0] != "impf":
        raise ValueError("the topic is not impf/<iaga>/<cadence>/<level>/<elements>")
    _, code, cadence, _, _ = levels
    if code.upper() != plan.station:
        raise ValueError(f"the topic is of {code.upper()[:40]}, not of {plan.station}")
    if cadence_of(CADENCES.get(cadence, cadence)) != plan.cadence_ms:
        raise ValueError(
            f"the cadence {cadence[:40]} is not that of [{plan.station}], {plan.table.cadence}"
        )
