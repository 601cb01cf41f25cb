"""What a `scoreboard.toml` may say, and that its hash is of what it says."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from archive.files import FileRefused
from geofield.scoreboard.protocol import CONTROLS
from monitor.records.registrations import ControlName, decode_registration, encode_registration
from monitor.scoreboard.protocols import read_protocol, score_protocol
from tests.monitor.scoreboard.builders import registered, stated

TEXT = """
name = "mexico-2027"
start = "2027-01-01"
classes = ["local"]
alarm_days = 7

[earthquakes]
radius = "dobrovolsky-or-fixed"
radius_km = 300.0
magnitude_min = 5.0

[stations.TEO]
latitude = 19.746
longitude = 260.807
magnitude_min = 5.5

[success]
min_events = 20
"""


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "scoreboard.toml"
    path.write_text(text)
    return read_protocol(path)


def test_a_station_may_differ_from_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "scoreboard.toml"
    path.write_text(TEXT)
    table = read_protocol(path)
    assert table.success.beat == ["random", "kp", "polarization", "placebo"]
    own = registered(msgspec.to_builtins(table))
    rules = score_protocol(own.record)
    (station,) = rules.stations
    assert (station.rules.magnitude_min, station.rules.radius_km) == (5.5, 300.0)
    assert station.site.longitude_deg == pytest.approx(-99.193)
    assert (rules.alarm_hours, rules.lead_hours, rules.before_hours) == (168, 0, 168)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("alarm_days = 7", "alarm_day = 7", r"no key `alarm_day`; did you mean `alarm_days`\?"),
        ("radius_km = 300.0", "radius = 300.0", "no TOML"),
        ("radius_km = 300.0", "radios_km = 300.0", r"\[earthquakes\]: no key `radios_km`"),
        ("magnitude_min = 5.5", "magnitude = 5.5", r"\[stations\.TEO\]: no key `magnitude`"),
        ("min_events = 20", "events = 20", r"\[success\]: no key `events`"),
        ("min_events = 20", "min_events = 0", "min_events"),
        ("alarm_days = 7", "alarm_days = 0.01", "alarm_days must be whole hours"),
        ('"2027-01-01"', '"2027"', "start must be a UTC date"),
        ('["local"]', "[]", "classes: name one"),
        ('["local"]', '["quake"]', "Invalid enum value 'quake'"),
        ("[stations.TEO]", "[stations.teo]", r"stations\.teo is no IAGA code"),
        ("radius_km = 300.0", "", r"stations\.TEO: radius_km must be positive"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in TEXT
    with pytest.raises(FileRefused, match=told):
        read(tmp_path, TEXT.replace(old, new, 1))


def test_controls_have_one_set_of_names() -> None:
    assert set(get_args(ControlName)) == set(CONTROLS)


def test_the_hash_is_of_all_that_is_fixed() -> None:
    own = registered(stated()).record
    assert decode_registration(encode_registration(own)[1]) == own
    assert registered(stated()).record.sha256 == own.sha256
    reordered = dict(reversed(stated().items()))
    assert registered(reordered).record.sha256 == own.sha256
    for changed in ({"alarm_days": 3.0}, {"name": "other"}, {"rehearsal": True}):
        assert registered(stated(**changed)).record.sha256 != own.sha256
    forged = encode_registration(own)[1].replace(b'"alarm_days":2.0', b'"alarm_days":9.0')
    with pytest.raises(ValueError, match="does not have this hash"):
        decode_registration(forged)
