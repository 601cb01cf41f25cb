from geofield.indices import KP, IndexHistory, IndexInterval
from geofield.series.windows import WindowSpec, cut
from geofield.utc import utc
from monitor.demo.judgement import expected_windows, final_versions, judge
from monitor.demo.scenario import CALIBRATION_DAY_MS, QUIET, STORM, InjectedTransient
from monitor.demo.transients import Family, Transient
from monitor.records.scores_and_alerts import AlertData, ComponentFields, ModelFields
from tests.geofield.builders import SPEC, field_nt, samples

DAY_MS, MINUTE_MS, WINDOW_MS = 1_535_500_800_000, 60_000, 256_000
TRANSIENT = InjectedTransient(
    Transient(Family.BURST, 0.03, 600, (1.0, 0.0, 0.0), 12.0), DAY_MS + 60 * MINUTE_MS
)
STORMY = IndexHistory((IndexInterval(KP, DAY_MS, DAY_MS + 3_600_000, DAY_MS, 7.0),))


def alert(
    minute: int, classification: str, ident: str = "a", version: int = 1, station: str = QUIET
) -> AlertData:
    start_ms = DAY_MS + minute * MINUTE_MS
    return AlertData(
        schema_version=1, alert_id=ident, version=version, status="open", station=station,
        start=utc(start_ms), end=utc(start_ms + 5 * MINUTE_MS), peak=utc(start_ms),
        decided=utc(start_ms), score=2.0, threshold=1.0, return_period_days=40.0,
        share=ComponentFields(1.0, 0.0, 0.0), completeness=1.0, severity="minor",
        classification=classification, kp_highest=None,
        model=ModelFields("m", "1", "ab"), skill="no skill shown",
    )  # fmt: skip


def test_a_transient_is_found_when_its_alert_ends_as_local() -> None:
    versions = [alert(62, "unknown"), alert(62, "local", version=2)]
    judgement = judge(versions, [TRANSIENT], IndexHistory(), WINDOW_MS)
    assert judgement.findings[0].found
    assert judgement.false_alerts == []


def test_an_alert_of_another_class_does_not_find_it() -> None:
    judgement = judge([alert(62, "unknown")], [TRANSIENT], IndexHistory(), WINDOW_MS)
    assert not judgement.findings[0].found
    assert judgement.findings[0].alert is not None


def test_an_alert_elsewhere_on_the_quiet_day_is_false() -> None:
    versions = [alert(62, "local"), alert(300, "local", "b")]
    judgement = judge(versions, [TRANSIENT], IndexHistory(), WINDOW_MS)
    assert [one.alert_id for one in judgement.false_alerts] == ["b"]


def test_storm_alerts_are_neither_found_nor_false() -> None:
    storm = (CALIBRATION_DAY_MS[1] - DAY_MS) // MINUTE_MS
    versions = [
        alert(62, "unknown", station=STORM),  # on the quiet day that calibrates, or before
        alert(storm, "space-weather", "b", station=STORM),
    ]
    judgement = judge(versions, [TRANSIENT], IndexHistory(), WINDOW_MS)
    assert [found.alert_id for found in judgement.calibration_alerts] == ["a"]
    assert [found.alert_id for found in judgement.storm_alerts] == ["b"]
    assert judgement.false_alerts == []
    assert not judgement.findings[0].found


def test_local_in_a_storm_is_counted_by_version() -> None:
    versions = [alert(10, "local"), alert(10, "space-weather", version=2), alert(90, "local", "b")]
    assert judge(versions, [], STORMY, WINDOW_MS).local_alerts_kp6 == 1


def test_the_last_version_counts_whatever_the_order_of_reading() -> None:
    versions = [alert(62, "local", version=2), alert(62, "unknown", version=1)]
    assert [one.version for one in final_versions(versions)] == [2]


def test_expected_windows_are_those_that_the_stream_makes_due() -> None:
    values = field_nt(300)
    record = samples(values)
    without_wait = WindowSpec(
        **{name: getattr(SPEC, name) for name in SPEC.__slots__} | {"lateness": 0}
    )
    expected = expected_windows(record.start_ms, record.end_ms, without_wait)
    # `cut` takes the one window more that ends with the very last sample
    assert expected in (len(cut(record, SPEC)), len(cut(record, SPEC)) - 1)
