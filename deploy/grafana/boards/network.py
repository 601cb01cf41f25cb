"""*Network*: every station at a glance."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.boards.parts import (
    SOURCE,
    PanelBuilder,
    Query,
    filled,
    frame,
    number,
    series,
    states,
    table_target,
)

OPEN = "max by (station) (magwatch_open_alerts)"
SCORE = "max by (station) (magwatch_score_ratio)"
THRESHOLD = "max by (station) (magwatch_score_threshold_ratio)"
SILENCE = "time() - max by (station) (magwatch_newest_record_timestamp_seconds)"
AGE = "time() - max by (station) (magwatch_newest_sample_timestamp_seconds)"
COMPLETENESS = "min by (station) (magwatch_window_completeness_ratio)"
CALIBRATED = "max by (station) (magwatch_station_calibrated)"
SILENT_S = 900  # as MagwatchStationSilent
STATES = {"-1": "calibrating", "0": "quiet", "1": "over threshold", "2": "alert", "3": "alert"}


def network() -> Dashboard:
    """Built anew at each call."""
    board = frame(
        "network",
        "magwatch: network",
        "All stations: state, score against threshold, freshness, open alerts. An alert says that "
        "the field was unlike the station's quiet days; it predicts nothing.",
    )
    return filled(board, {"Now": _now(), "Stations": _each()})


def _each() -> list[PanelBuilder]:
    return [
        _table(),
        _states(),
        _score_over_threshold(),
        _time_since_the_newest_record(),
        _age_of_the_newest_sample(),
        _alerts_opened(),
    ]


def _score_over_threshold() -> PanelBuilder:
    return series(
        "Score over threshold",
        "Last window's error over the station's own threshold. 100 % is the threshold; one "
        "window over it is no alert yet (MAGWATCH_ALERT_K of _N are).",
        "percentunit",
        Query(f"{SCORE} / {THRESHOLD}", "{{station}}"),
        limits=((1.0, "red"),),
        log=True,
    )


def _time_since_the_newest_record() -> PanelBuilder:
    return series(
        "Time since the newest record",
        "How long the broker has had nothing from a station, whatever time its samples bear.",
        "s",
        Query(SILENCE, "{{station}}"),
        limits=((SILENT_S, "orange"),),
    )


def _age_of_the_newest_sample() -> PanelBuilder:
    return series(
        "Age of the newest sample",
        "By the time in the samples: data of an archive that is replayed are old and fresh.",
        "s",
        Query(AGE, "{{station}}"),
        log=True,
    )


def _alerts_opened() -> PanelBuilder:
    return series(
        "Alerts opened",
        "Alerts that opened, for each step of the graph.",
        "short",
        Query(
            "sum by (station) (increase(magwatch_alerts_opened_total[$__rate_interval]))",
            "{{station}}",
        ),
        stacked=True,
    )


def _now() -> list[PanelBuilder]:
    return [
        _stations(),
        _silent(),
        _calibrating(),
        _open_alerts(),
        _opened_in_24_hours(),
        _workers_ready(),
    ]


def _stations() -> PanelBuilder:
    return number(
        "Stations",
        "Stations that a worker has data of or a profile for.",
        "short",
        Query(f"count({CALIBRATED})"),
        base="text",
    )


def _silent() -> PanelBuilder:
    return number(
        "Silent",
        f"Stations whose newest record came more than {SILENT_S // 60} minutes ago.",
        "short",
        Query(f"count({SILENCE} > {SILENT_S}) or vector(0)"),
        limits=((1, "orange"),),
    )


def _calibrating() -> PanelBuilder:
    return number(
        "Calibrating",
        "Stations without a profile: their windows are counted, not scored, and cannot alert.",
        "short",
        Query(f"count({CALIBRATED} == 0) or vector(0)"),
        limits=((1, "blue"),),
    )


def _open_alerts() -> PanelBuilder:
    return number(
        "Open alerts",
        "Alerts that have not resolved.",
        "short",
        Query(f"sum({OPEN})"),
        limits=((1, "red"),),
    )


def _opened_in_24_hours() -> PanelBuilder:
    return number(
        "Opened in 24 hours",
        "Alerts that opened in the last day, resolved or not.",
        "short",
        Query("sum(increase(magwatch_alerts_opened_total[24h]))"),
        limits=((1, "orange"),),
    )


def _workers_ready() -> PanelBuilder:
    return number(
        "Workers ready",
        "Workers that would score a sample now, of those that answer Prometheus.",
        "short",
        Query("sum(magwatch_ready)"),
        limits=((1, "green"),),
        base="red",
    )


def _states() -> PanelBuilder:
    return states(
        "State",
        "Calibrating: no profile. Over threshold: the last window is. Alert: one is open.",
        Query(
            f"(2 * {OPEN} + ({SCORE} > bool {THRESHOLD})) or ({CALIBRATED} == 0) - 1",
            "{{station}}",
        ),
        STATES,
        ((-1, "blue"), (0, "green"), (1, "orange"), (2, "red")),
        width=12,
    )


OWN = {
    "title": "its dashboard",
    "url": "/d/magwatch-station?var-station=${__value.raw}&${__url_time_range}",
}
COLUMNS = (
    ("calibrated", CALIBRATED, "bool_yes_no"),
    ("alert open", OPEN, "bool_yes_no"),
    ("score / threshold", f"{SCORE} / {THRESHOLD}", "percentunit"),
    ("newest record", SILENCE, "s"),
    ("completeness", COMPLETENESS, "percentunit"),
)


def _table() -> table.Panel:
    panel = (
        table.Panel()
        .title("Stations")
        .description("Each station as it is now; its name leads to its own dashboard.")
        .datasource(SOURCE)
        .unit("short")
        .height(8)
        .span(12)
        .override_by_name("station", [models.DynamicConfigValue("links", [OWN])])
    )
    for index, (name, expr, unit) in enumerate(COLUMNS):
        panel.with_target(table_target(Query(expr), index))
        panel.override_by_name(name, [models.DynamicConfigValue("unit", unit)])
    renamed = {f"Value #{chr(ord('A') + i)}": name for i, (name, _, _) in enumerate(COLUMNS)}
    panel.with_transformation(models.DataTransformerConfig("merge", options={}))
    return panel.with_transformation(
        models.DataTransformerConfig(
            "organize", options={"excludeByName": {"Time": True}, "renameByName": renamed}
        )
    )
