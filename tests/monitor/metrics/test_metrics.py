"""The worker's metrics: the same set and labels for ever, bounded, and true to what happened."""

from __future__ import annotations

import runpy
from dataclasses import replace

import pytest
from msgspec import structs
from prometheus_client import CollectorRegistry, generate_latest

from geofield.alerts.alert import AlertStatus, Change, Classification
from geofield.calibration.living.life import begun
from geofield.calibration.living.rules import LivingRules
from geofield.calibration.online.state import Learning
from geofield.scoring.score import PromiseCount
from monitor.metrics.metrics import Maker, Metrics
from monitor.metrics.station_labels import OTHER
from monitor.records.sample_decoder import Reason
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.recorder import Observer
from monitor.worker.scorer import Scored
from tests.brokers import ROOT
from tests.geofield.builders import MODEL, START_MS, field_nt, profile, rules, samples
from tests.monitor.exposition import GOLDEN, exposition, loud, observer, scored

DOCS = ROOT / "docs"
NOW_S = 1_715_400_000.0
HOP_DAYS = 8 / 86_400


def value(registry: CollectorRegistry, name: str, /, **labels: str) -> float | None:
    return registry.get_sample_value(f"magwatch_{name}", labels)


def series(registry: CollectorRegistry) -> int:
    return sum(not line.startswith(b"#") for line in generate_latest(registry).splitlines())


def strangers(watching: Observer, begin: int, end: int) -> Scored:
    codes = [f"X{number:03d}" for number in range(begin, end)]
    return scored(watching, [samples(field_nt(60), station=code) for code in codes])


def test_the_exposition_is_the_golden_one() -> None:
    """After a wanted change: `python -m tests.monitor.exposition`, and look at the difference."""
    assert exposition() == GOLDEN.read_text()


def test_the_page_of_metrics_is_current() -> None:
    """After a wanted change: `python docs/make_metrics.py`."""
    present = (DOCS / "metrics.md").read_text()
    assert runpy.run_path(str(DOCS / "make_metrics.py"))["page"](present) == present


def test_a_stranger_with_made_up_codes_cannot_add_series_without_end() -> None:
    watching, registry = observer(rules("WIC", "HON"), cap=12)
    watching.batch(strangers(watching, 0, 50), NOW_S)
    full = series(registry)
    for begin in range(50, 500, 50):
        watching.batch(strangers(watching, begin, begin + 50), NOW_S)
        watching.forgotten()  # nor by waiting for partitions to change hands
    watching.batch(strangers(watching, 0, 50), NOW_S)
    assert series(registry) == full
    assert value(registry, "samples_total", station=OTHER, outcome="accepted") == 60 * 550 - 1200


def test_a_stranger_cannot_take_the_labels_of_stations_with_a_profile() -> None:
    watching, registry = observer(rules("WIC", "HON"), cap=3)
    watching.batch(strangers(watching, 0, 20), NOW_S)
    watching.batch(scored(watching, [samples(field_nt(200))]), NOW_S)
    assert value(registry, "windows_total", station="WIC", quality="ok") == 19
    assert value(registry, "newest_sample_timestamp_seconds", station="WIC") == (
        START_MS / 1000 + 199
    )


def test_no_gauge_stands_for_many_stations() -> None:
    watching, registry = observer(rules(), cap=1)
    watching.batch(strangers(watching, 0, 5), NOW_S)
    gauges = [f"magwatch_{name}" for name in ("open_alerts", "station_calibrated", "score_ratio")]
    shown = [
        (metric.name, sample.labels["station"])
        for metric in registry.collect()
        for sample in metric.samples
        if metric.type == "gauge" and "station" in sample.labels and "created" not in sample.name
    ]
    assert ("magwatch_newest_sample_timestamp_seconds", "X000") in shown
    assert {station for _, station in shown} == {"X000"}
    assert {name for name, _ in shown} >= set(gauges[:2])


def test_stations_leave_with_their_partitions_and_come_back_from_checkpoints() -> None:
    watching, registry = observer(rules("WIC"))
    batch = scored(watching, [loud(), samples(field_nt(60), station="NEW")])
    watching.batch(batch, NOW_S)
    assert value(registry, "open_alerts", station="WIC") == 1
    watching.forgotten()
    assert value(registry, "open_alerts", station="WIC") is None
    assert value(registry, "newest_record_timestamp_seconds", station="NEW") is None
    assert value(registry, "station_calibrated", station="WIC") == 1
    assert value(registry, "alerts_opened_total", station="WIC") == 1
    watching.loaded({"WIC": StationCheckpoint(batch.checkpoints["WIC"].state, 0, 0)})
    assert value(registry, "open_alerts", station="WIC") == 1
    for name in ("newest_record_timestamp_seconds", "newest_sample_timestamp_seconds"):
        assert value(registry, name, station="WIC") == START_MS / 1000 + 399


@pytest.mark.parametrize(("sent_s", "shown_s"), [(NOW_S - 90, NOW_S - 90), (NOW_S + 90, NOW_S)])
def test_a_clock_ahead_does_not_hide_silence(sent_s: float, shown_s: float) -> None:
    watching, registry = observer(rules("WIC"))
    batch = scored(watching, [loud()])
    record = structs.replace(batch.taken[0].records[0], timestamp_ms=round(sent_s * 1000))
    batch.taken = [replace(batch.taken[0], records=[record])]
    watching.batch(batch, NOW_S)
    assert value(registry, "newest_record_timestamp_seconds", station="WIC") == shown_s


def test_windows_are_counted_against_the_quantiles_of_the_calibration() -> None:
    """The profile has 0.3, 0.5 and 0.8."""
    watching, registry = observer(rules("WIC"))
    batch = scored(watching, [samples(field_nt(200))])
    rmse = [0.29, 0.31, 0.49, 0.51, 0.79, 0.81, 0.8]
    windows = [
        replace(window, score=replace(window.score, rmse=one))
        for window, one in zip(batch.scores, rmse, strict=False)
        if window.score is not None
    ]
    watching.batch(Scored(taken=batch.taken, checkpoints=batch.checkpoints, scores=windows), NOW_S)
    counts = [
        value(registry, "windows_above_quantile_total", station="WIC", quantile=name)
        for name in ("0.5", "0.9", "0.99")
    ]
    assert counts == [6, 4, 1]


def test_the_promise_grows_with_scored_time_and_alerts_are_counted_beside_it() -> None:
    watching, registry = observer(rules("WIC"))
    batch = scored(watching, [loud()])
    watching.batch(batch, NOW_S)
    windows = value(registry, "windows_total", station="WIC", quality="ok")
    assert windows is not None
    promised = value(registry, "alerts_promised_total", station="WIC")
    assert promised == pytest.approx(windows * HOP_DAYS / 30.4375)
    assert value(registry, "alerts_opened_total", station="WIC") == 1


def test_a_profile_that_lives_on_counts_as_what_has_become_of_it() -> None:
    made = profile("WIC")
    alive = replace(rules("WIC"), living=LivingRules(86_400_000))
    watching, registry = observer(alive)
    batch = scored(watching, [loud()])
    checkpoint = batch.checkpoints["WIC"]
    setting = alive.living_setting
    assert setting is not None
    life = replace(
        begun(made, "WIC", START_MS, setting), profile=replace(made, false_alarms_per_month=2.0)
    )
    batch.checkpoints["WIC"] = replace(checkpoint, state=replace(checkpoint.state, life=life))
    broken = PromiseCount(days=10.0, expected=0.7, opened=5, most=3)
    batch.scores = [
        replace(one, score=replace(one.score, promise=broken)) if one.score else one
        for one in batch.scores
    ]
    watching.batch(batch, NOW_S)
    windows = value(registry, "windows_total", station="WIC", quality="ok")
    assert windows is not None
    promised = value(registry, "alerts_promised_total", station="WIC")
    assert promised == pytest.approx(windows * HOP_DAYS / 30.4375 * 2)
    assert value(registry, "promise_kept", station="WIC") == 0


def test_a_profile_that_was_fitted_online_counts_as_one() -> None:
    watching, registry = observer(rules())
    batch = scored(watching, [samples(field_nt(200), station="NEW")])
    watching.batch(batch, NOW_S)
    assert value(registry, "station_calibrated", station="NEW") == 0
    new = batch.checkpoints["NEW"]
    learned = replace(new.state, learning=Learning(profile=profile("NEW")))
    watching.loaded({"NEW": replace(new, state=learned)})
    assert value(registry, "station_calibrated", station="NEW") == 1


@pytest.mark.parametrize("classification", list(Classification))
def test_an_alert_settles_once_its_class_is_known(classification: Classification) -> None:
    watching, registry = observer(rules("WIC"))
    batch = scored(watching, [loud()])
    opened = batch.alerts[0]
    resolved = replace(opened, change=Change.RESOLVED, status=AlertStatus.RESOLVED)
    settled = replace(resolved, change=Change.UPDATED, classification=classification)
    watching.batch(Scored(alerts=[opened, resolved]), NOW_S)
    name = "alerts_settled_total"
    counted = {"station": "WIC", "classification": classification.value}
    assert value(registry, name, **counted) == 0
    watching.batch(Scored(alerts=[settled, replace(settled, version=4)]), NOW_S)
    assert value(registry, name, **counted) == (classification is not Classification.UNKNOWN)


def test_every_reason_and_class_is_there_before_it_happens() -> None:
    _, registry = observer(rules("WIC"))
    for reason in (*Reason, "index"):
        assert value(registry, "deadletters_total", reason=getattr(reason, "value", reason)) == 0
    labels = {"type": "opened", "classification": "local", "severity": "major"}
    assert value(registry, "alert_versions_total", **labels) == 0
    assert value(registry, "alerts_opened_total", station="WIC") == 0


@pytest.mark.parametrize(
    ("skill", "verdict"),
    [
        ("skill shown: 8 of 8 rules met", "skill shown"),
        ("no skill shown on real earthquakes: none was evaluated", "no skill shown"),
        ("nothing was judged", "no skill shown"),
    ],
)
def test_the_verdict_of_the_model_is_short_and_never_too_good(skill: str, verdict: str) -> None:
    _, registry = observer(replace(rules(), model=replace(MODEL, skill=skill)))
    about = {"name": "test", "version": "1.0.0", "sha256": MODEL.sha256, "line": ""}
    assert value(registry, "model_info", verdict=verdict, **about) == 1


def test_many_equal_delays_at_once_are_the_same_as_one_by_one() -> None:
    pages = []
    for together in (True, False):
        registry = CollectorRegistry()
        delays = Maker(registry).histogram("delay_seconds", "Delay.", (0.1, 1.0))
        for delay_s, count in ((0.05, 3), (0.1, 2), (7.0, 1)):
            if together:
                delays.observe_all(delay_s, count)
            else:
                for _ in range(count):
                    delays.observe(delay_s)
        page = generate_latest(registry).decode()
        pages.append([line for line in page.splitlines() if "_created" not in line])
    assert pages[0] == pages[1]


def test_rules_and_dashboards_get_the_limits_that_are_set() -> None:
    registry = CollectorRegistry()
    metrics = Metrics.create(registry, 10)
    Observer(metrics, rules(), tolerance_s=60.0, silent_after_s=4000.0).about("1.2.3", NOW_S)
    assert value(registry, "silent_after_seconds") == 4000
    assert value(registry, "future_tolerance_seconds") == 60


def test_recording_a_batch_changes_nothing_that_decides_what_is_published() -> None:
    watching, _ = observer(rules("WIC"))
    before = replace(watching.leadership)
    watching.batch(scored(watching, [loud()]), NOW_S)
    assert watching.leadership == before
