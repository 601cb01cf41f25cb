"""From `scoreboard.toml` to a protocol that can be registered, and from a registration to rules."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec

from archive.files import FileRefused
from geofield.earthquakes.rules import EarthquakeRules, earthquake_rule_problems
from geofield.earthquakes.types import Site
from geofield.scoreboard.protocol import ScoredStation, ScoreProtocol, SuccessRule
from geofield.utc import DAY_MS, HOUR_MS, time_ms
from monitor.records.registrations import (
    ControlsTable,
    EarthquakeTable,
    ProtocolTable,
    RegistrationRecord,
    ScoredStationTable,
    SuccessTable,
)
from monitor.toml_tables import check_keys, read_toml, to_struct

STATION_CODE = re.compile(r"[A-Z][A-Z0-9]{2,3}")
_PARTS: dict[str, type[msgspec.Struct]] = {
    "earthquakes": EarthquakeTable,
    "success": SuccessTable,
    "controls": ControlsTable,
}
_OF_STATION = ("radius", "radius_km", "kls_min", "magnitude_min", "magnitude_max", "depth_max_km")


def read_protocol(path: Path) -> ProtocolTable:
    """The protocol of a file.

    Raises
    ------
    archive.files.FileRefused
        If the file cannot be read, or has a key or value that cannot be used; the message names it.
    """
    document = read_toml(path)
    for name, kind in _PARTS.items():
        if name in document:
            check_keys(f"{path} [{name}]", document[name], kind)
    stations = document.get("stations")
    if isinstance(stations, dict):
        for code, stated in stations.items():
            check_keys(f"{path} [stations.{code}]", stated, ScoredStationTable)
    table = to_struct(str(path), document, ProtocolTable)
    if problems := protocol_problems(table):
        raise FileRefused(f"{path}: {'; '.join(problems)}")
    return table


def protocol_problems(table: ProtocolTable) -> list[str]:
    """Problems of a protocol, each with its key; empty if there are none."""
    hours = {key: getattr(table, key) * 24 for key in ("alarm_days", "lead_days")}
    hours["controls.placebo_gap_days"] = table.controls.placebo_gap_days * 24
    checks = [
        (_is_date(table.start), "start must be a UTC date such as 2027-01-01"),
        (bool(table.stations), "stations: name one at least"),
        (bool(table.classes), "classes: name one at least"),
        *((value == round(value), f"{key} must be whole hours") for key, value in hours.items()),
        *(
            (bool(STATION_CODE.fullmatch(code)), f"stations.{code} is no IAGA code in upper case")
            for code in table.stations
        ),
    ]
    problems = [problem for fine, problem in checks if not fine]
    for code, station in table.stations.items():
        found = earthquake_rule_problems(_rules(table.earthquakes, station))
        problems += [f"stations.{code}: {problem}" for problem in found]
    return problems


def score_protocol(record: RegistrationRecord) -> ScoreProtocol:
    """The rules of a registration."""
    table = record.protocol
    return ScoreProtocol(
        stations=tuple(
            ScoredStation(
                Site(code, station.latitude, (station.longitude + 180) % 360 - 180),
                _rules(table.earthquakes, station),
            )
            for code, station in sorted(table.stations.items())
        ),
        start_ms=time_ms(table.start),
        classes=frozenset(table.classes),
        lead_hours=round(table.lead_days * 24),
        alarm_hours=round(table.alarm_days * 24),
        coverage_min=table.coverage_min,
        hop_ms=round(record.hop_s * 1000),
        delay_ms=round(table.delay_hours * HOUR_MS),
        settle_ms=round(table.settle_days * DAY_MS),
        placebo_gap_hours=round(table.controls.placebo_gap_days * 24),
        draws=table.controls.draws,
        seed=int(record.sha256[:16], 16),
        success=SuccessRule(
            table.success.min_events, table.success.p_max, tuple(table.success.beat)
        ),
    )


def _rules(table: EarthquakeTable, station: ScoredStationTable) -> EarthquakeRules:
    stated = msgspec.structs.asdict(table)
    for key in _OF_STATION:
        if (value := getattr(station, key)) is not None:
            stated[key] = value
    return EarthquakeRules(**stated)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
