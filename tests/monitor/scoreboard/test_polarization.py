"""The polarization ratio of archived samples is that of the evaluation's baseline."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from archive.model import Model, ModelRefused, load_model
from archive.observatory import read_archive
from archive.shipped import find_model
from geofield.series.windows import cut
from geofield.utc import HOUR_MS, time_ms
from monitor.records.registrations import ProtocolTable, RegistrationRecord, registration
from monitor.records.scores_and_alerts import model_fields
from monitor.scoreboard.polarization import hourly_ratios
from tests.data import conrad
from tests.monitor.scoreboard.builders import registered, stated
from training.model.baselines import polarization_ratio


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(find_model("ulf-1hz"))


def record(model: Model, station: str) -> RegistrationRecord:
    stations = {station: {"latitude": 47.93, "longitude": 15.86}}
    table = msgspec.convert(stated() | {"stations": stations}, ProtocolTable)
    return registration(table, model_fields(model.ref), 64.0)


def test_each_hour_has_the_highest_ratio_of_its_windows(model: Model) -> None:
    path = conrad("example5.sec")
    ratios = hourly_ratios(record(model, "WIC"), model, [path])
    assert list(ratios) == ["WIC"]
    recording = read_archive([path])
    spec = model.manifest.window.spec()
    windows = cut(recording.samples(recording.reference_declination_deg()), spec)
    hour = time_ms("2018-08-29T12:00:00") // HOUR_MS
    inside = windows[windows.sufficient & (windows.end_ms // HOUR_MS == hour)]
    assert 55 <= len(inside) <= 57
    expected = polarization_ratio(model.filtered(inside.levelled_nt()), np.ones(3, np.float32))
    assert ratios["WIC"][hour] == pytest.approx(expected.max())
    assert 23 <= len(ratios["WIC"]) <= 24


def test_stations_of_nobody_are_left_out_and_another_model_is_refused(model: Model) -> None:
    assert hourly_ratios(record(model, "HON"), model, [conrad("example5.sec")]) == {}
    with pytest.raises(ModelRefused, match="is not the registered model"):
        hourly_ratios(registered(stated()).record, model, [conrad("example5.sec")])
