"""What real disturbances are called: the storm of May 2024, and a day of 117 observatories."""

import tarfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from archive.kp import kp_intervals
from archive.model import Model, load_model
from archive.observatory import ArchiveRefused, read_file
from archive.profile import save_profile
from archive.recording import Recording
from geofield.alerts.alert import Alert, AlertRules, AlertStatus
from geofield.alerts.remote_reference import NetworkRules, StationNetwork, distant_stations
from geofield.calibration.profile import AlertBasis, StationProfile, robust_scale_nt
from geofield.calibration.threshold import Tail
from geofield.indices import KP, IndexHistory, IndexInterval
from geofield.quality.faults import examine
from geofield.scoring.score import stack_scale
from geofield.series.orientation import OrientationError
from geofield.series.windows import cut
from geofield.step import Rules
from monitor.assembly import Assembly, assemble
from monitor.demo.play import calibrated_on
from monitor.demo.scenario import CALIBRATION_DAY_MS, storm
from monitor.offline.score import kp_history, score_recordings
from monitor.records.sample_decoder import Accepts
from monitor.settings import load_settings
from tests.data import CHECKOUT, shared_data

HOUR_MS = 3_600_000
DAY_MS = 1_642_204_800_000  # 2022-01-15T00:00:00Z, the day of the eruption of Tonga
QUIET_MS = (DAY_MS + 7 * HOUR_MS, DAY_MS + 14 * HOUR_MS)
SPOILT = "DLT"
# A low bar, so that a day of one-minute data has alerts at all.
RULES = AlertRules(k=3, n=4, clear=2, clear_ratio=1.0, cooldown_ms=0)
QUANTILE = 0.95


def versions(
    recordings: Iterable[Recording], assembly: Assembly, history: IndexHistory, record_s: int = 3600
) -> list[Alert]:
    outcomes = score_recordings(recordings, assembly, history, record_s=record_s)
    return [alert for outcome in outcomes for alert in outcome.alerts]


@pytest.fixture(scope="module")
def conrad_storm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Assembly]:
    """10 and 11 May 2024 at the Conrad Observatory, calibrated on the quiet day before."""
    folder = tmp_path_factory.mktemp("profiles")
    whole = storm()
    model = load_model(CHECKOUT / "exports" / "ulf-1hz.onnx")
    save_profile(calibrated_on(whole.between(*CALIBRATION_DAY_MS), model), folder)
    end_ms = CALIBRATION_DAY_MS[1] + 48 * HOUR_MS
    return whole.between(CALIBRATION_DAY_MS[1], end_ms), assemble(load_settings(profiles=folder))


def test_the_storm_of_may_2024_is_never_local(conrad_storm: tuple[Recording, Assembly]) -> None:
    recording, assembly = conrad_storm
    found = versions([recording], assembly, kp_history([recording]))
    last = {alert.id: alert for alert in found}
    # before the storm Kp was low, and an alert a day is what the calibration promises
    stormy = [alert for alert in last.values() if alert.highest_kp and alert.highest_kp >= 5]
    assert len(stormy) >= 10
    assert {alert.classification.value for alert in stormy} == {"space-weather"}
    reached = kp_history([recording])
    for alert in found:
        truth = reached.between(alert.start_ms, alert.end_ms, 2**62)
        assert alert.classification.value != "local" or (truth.highest or 9.0) < 4.0


def test_without_indices_the_storm_is_unknown_in_every_version(
    conrad_storm: tuple[Recording, Assembly],
) -> None:
    recording, assembly = conrad_storm
    found = versions([recording], assembly, IndexHistory())
    assert len({alert.id for alert in found}) >= 10
    assert {alert.classification.value for alert in found} == {"unknown"}


@pytest.fixture(scope="module")
def observatories(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """All that report three components."""
    folder = tmp_path_factory.mktemp("intermagnet")
    packed = shared_data() / "INTERMAGNET_1min_iaga2002_20220115_raw.tar.xz"
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    found = []
    for path in sorted((folder / "Database" / "Intermag").rglob("*.*")):
        try:
            recording = read_file(path)
            recording.reference_declination_deg()
        except (ArchiveRefused, OrientationError):
            continue
        found.append(recording)
    return found


def with_wave(recording: Recording) -> Recording:
    """4 nT, twelve minutes long, from 09 to 12 UTC, north component."""
    minute = np.arange(len(recording))
    wave_nt = 4.0 * np.sin(2 * np.pi * minute / 12) * ((minute >= 540) & (minute < 720))
    name = "H" if "H" in recording.elements else "X"
    changed = {name: recording.elements[name] + wave_nt}
    return replace(recording, elements={**recording.elements, **changed})


@pytest.fixture(scope="module")
def network(observatories: list[Recording]) -> Assembly:
    """Profiles by hand, from scale and quantile of the quiet hours: too few for a tail."""
    model = load_model(CHECKOUT / "exports" / "minute-teo.onnx")
    spec = replace(model.manifest.window.spec(), lateness=0)
    profiles = {one.station: profile_of(one, model) for one in observatories}
    return Assembly(
        model,
        Rules(spec, RULES, model.ref, {name: (one,) for name, one in profiles.items()}),
        Accepts(60_000, 0, {name: one.declination_deg for name, one in profiles.items()}, 0),
        StationNetwork(
            spec.hop_ms,
            distant_stations(
                {name: one.position_deg for name, one in profiles.items() if one.position_deg},
                NetworkRules().min_distance_km,
            ),
        ),
    )


def profile_of(recording: Recording, model: Model) -> StationProfile:
    spec = model.manifest.window.spec()
    declination_deg = recording.reference_declination_deg()
    windows = cut(recording.samples(declination_deg), spec)
    quiet = (windows.end_ms > QUIET_MS[0]) & (windows.end_ms <= QUIET_MS[1]) & windows.sufficient
    field_nt = windows.levelled_nt()[quiet]
    scale_nt = robust_scale_nt(model.filtered(field_nt).reshape(-1, 3))
    rmse = model.reconstruct(field_nt, stack_scale(scale_nt, len(field_nt))).rmse
    threshold = float(np.quantile(rmse, QUANTILE))
    tail = Tail(threshold / 2, 0.0, threshold / 20, 10.0, 20)
    return StationProfile(
        station=recording.station,
        model_sha256=model.manifest.sha256,
        declination_deg=declination_deg,
        scale_nt=scale_nt,
        quantiles=(1.0, 1.0, 1.0),
        tail=tail,
        alert_tail=tail,
        basis=AlertBasis(RULES.k, RULES.n, spec.hop),
        threshold=threshold,
        false_alarms_per_month=1.0,
        calibrated_from_ms=QUIET_MS[0],
        calibrated_to_ms=QUIET_MS[1],
        windows=len(field_nt),
        quiet_days=0.3,
        calibrated_at=recording.station,
        position_deg=recording.position_deg,
    )


@pytest.mark.parametrize(("kp", "expected"), [("low", "global"), ("real", "space-weather")])
def test_what_117_observatories_share_is_local_at_none_of_them(
    observatories: list[Recording], network: Assembly, kp: str, expected: str
) -> None:
    """Under a Kp held low, so that the network alone can tell, and under the day's own of 1.7-4.7.

    A wave added at one observatory is local there: 116 others could have shared it.
    """
    low = [IndexInterval(KP, DAY_MS, DAY_MS + 24 * HOUR_MS, DAY_MS + 24 * HOUR_MS, 1.0)]
    intervals = low if kp == "low" else kp_intervals(DAY_MS, DAY_MS + 24 * HOUR_MS)
    played = [with_wave(one) if one.station == SPOILT else one for one in observatories]
    found = versions(played, network, IndexHistory(intervals), record_s=86_400)
    over = [a for a in {one.id: one for one in found}.values() if a.status is AlertStatus.RESOLVED]
    local = [alert for alert in over if alert.classification.value == "local"]
    assert [alert.station for alert in local] == [SPOILT]
    assert local[0].remote is not None
    assert (local[0].remote.compared, local[0].remote.witnesses) == (116, 0)
    assert len(network.rules.profiles) == 117
    counts = Counter(alert.classification.value for alert in over)
    assert counts[expected] > 50
    assert "unknown" not in counts


def test_a_disturbed_day_of_117_observatories_is_not_taken_for_trouble(
    observatories: list[Recording], network: Assembly
) -> None:
    """One-minute data, up to the auroral zone: none of some 4,400 windows shows a fault."""
    windows = found = 0
    for recording in observatories:
        (profile,) = network.rules.profiles[recording.station]
        cutting = cut(recording.samples(profile.declination_deg), network.rules.window)
        field_nt = cutting.field_nt[cutting.sufficient]
        windows += len(field_nt)
        found += sum(map(bool, examine(field_nt, profile.scale_nt, 60_000)))
    assert windows > 4000
    assert found == 0
