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

OPEN = "max by (station, model) (magwatch_open_alerts)"
SCORE = "max by (station, model) (magwatch_score_ratio)"
THRESHOLD = "max by (station, model) (magwatch_score_threshold_ratio)"
SILENCE = "time() - max by (station, model) (magwatch_newest_record_timestamp_seconds)"
AGE = "time() - max by (station, model) (magwatch_newest_sample_timestamp_seconds)"
COMPLETENESS = "min by (station, model) (magwatch_window_completeness_ratio)"
CALIBRATED = "max by (station, model) (magwatch_station_calibrated)"
# The limits of the rules and the live page: MAGWATCH_SILENT_AFTER_S, MAGWATCH_FUTURE_TOLERANCE_S.
SILENT = "max by (station, model) (magwatch:station_silent:seconds)"
SILENT_AFTER = "max(magwatch_silent_after_seconds)"
HELD_BACK = "max by (station, model) (magwatch:station_held_back:seconds)"
# Stations that a worker had within a day and no worker has now.
OF_THE_DAY = "max by (station, model) (last_over_time(magwatch_station_calibrated[1d]))"
NOT_SCORED = f"({OF_THE_DAY} unless {CALIBRATED})"
# The live page uses the same words.
STATES = {
    "-4": "not scored",
    "-3": "silent",
    "-2": "held back",
    "-1": "calibrating",
    "0": "ok",
    "1": "over threshold",
    "2": "alert open",
}
STATE = (
    f"2 * ({OPEN} == 1) or 0 * {HELD_BACK} - 2 or 0 * {SILENT} - 3 or 0 * {NOT_SCORED} - 4 "
    f"or ({CALIBRATED} == 0) - 1 or ({SCORE} > bool {THRESHOLD})"
)


def network() -> Dashboard:
    """Return a newly built dashboard."""
    board = frame(
        "network",
        "magwatch: network",
        "All stations: state, score compared with the threshold, age of the data, open alerts. An "
        "alert says that the field differed from the station's quiet days. It predicts nothing.",
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
        "Score of the last window, divided by the station's threshold. One window above 100 % is "
        "not yet an alert: MAGWATCH_ALERT_K of MAGWATCH_ALERT_N windows are.",
        "percentunit",
        Query(f"{SCORE} / {THRESHOLD}", "{{station}} {{model}}"),
        limits=((1.0, "red"),),
        log=True,
    )


def _time_since_the_newest_record() -> PanelBuilder:
    return series(
        "Time since the newest record",
        "Time since the broker received a record of the station. The times of the samples do not "
        "matter. Above the dashed line the station is silent (MAGWATCH_SILENT_AFTER_S).",
        "s",
        Query(SILENCE, "{{station}} {{model}}"),
        Query(SILENT_AFTER, "silent", dashed="orange"),
    )


def _age_of_the_newest_sample() -> PanelBuilder:
    return series(
        "Age of the newest sample",
        "Age by the times of the samples. Replayed archive data are old, although their records "
        "are new.",
        "s",
        Query(AGE, "{{station}} {{model}}"),
        log=True,
    )


def _alerts_opened() -> PanelBuilder:
    return series(
        "Alerts opened",
        "Alerts that opened in each step of the graph.",
        "short",
        Query(
            "sum by (station, model) (increase(magwatch_alerts_opened_total[$__rate_interval]))",
            "{{station}} {{model}}",
        ),
        stacked=True,
    )


def _now() -> list[PanelBuilder]:
    return [
        _stations(),
        _not_scored(),
        _silent(),
        _held_back(),
        _calibrating(),
        _open_alerts(),
        _opened_in_24_hours(),
        _workers_ready(),
    ]


def _stations() -> PanelBuilder:
    return number(
        "Stations",
        "Stations with data or a profile at a worker.",
        "short",
        Query(f"count(count by (station) ({CALIBRATED})) or vector(0)"),
        base="text",
        width=3,
    )


def _not_scored() -> PanelBuilder:
    return number(
        "Not scored",
        "Stations that a worker scored within the last day and no worker has now.",
        "short",
        Query(f"count(count by (station) ({NOT_SCORED})) or vector(0)"),
        limits=((1, "red"),),
        width=3,
    )


def _silent() -> PanelBuilder:
    return number(
        "Silent",
        "Stations that have sent no records for MAGWATCH_SILENT_AFTER_S (300 s).",
        "short",
        Query(f"count(count by (station) ({SILENT})) or vector(0)"),
        limits=((1, "orange"),),
        width=3,
    )


def _held_back() -> PanelBuilder:
    return number(
        "Held back",
        "Stations whose newest sample is ahead of the clock by more than "
        "MAGWATCH_FUTURE_TOLERANCE_S (300 s). Until that time all their other samples are late.",
        "short",
        Query(f"count(count by (station) ({HELD_BACK})) or vector(0)"),
        limits=((1, "orange"),),
        width=3,
    )


def _calibrating() -> PanelBuilder:
    return number(
        "Calibrating",
        "Stations without a profile. Their windows are not scored and cannot open alerts.",
        "short",
        Query(f"count(count by (station) ({CALIBRATED} == 0)) or vector(0)"),
        limits=((1, "blue"),),
        width=3,
    )


def _open_alerts() -> PanelBuilder:
    return number(
        "Open alerts",
        "Alerts that are not yet resolved.",
        "short",
        Query(f"sum({OPEN})"),
        limits=((1, "red"),),
        width=3,
    )


def _opened_in_24_hours() -> PanelBuilder:
    return number(
        "Opened in 24 hours",
        "Alerts that opened in the last day, including resolved ones.",
        "short",
        Query("sum(increase(magwatch_alerts_opened_total[24h]))"),
        limits=((1, "orange"),),
        width=3,
    )


def _workers_ready() -> PanelBuilder:
    return number(
        "Workers ready",
        "Workers that are ready to score samples, among those that answer Prometheus.",
        "short",
        Query("sum(magwatch_ready) or vector(0)"),
        limits=((1, "green"),),
        base="red",
        width=3,
    )


def _states() -> PanelBuilder:
    return states(
        "State",
        "State as on the live page. Not scored: no worker has the station. Held back: the newest "
        "sample is from the future. Calibrating: no profile. Over threshold: the last window is.",
        Query(STATE, "{{station}} {{model}}"),
        STATES,
        (
            (-4, "purple"),
            (-3, "text"),
            (-2, "yellow"),
            (-1, "blue"),
            (0, "green"),
            (1, "orange"),
            (2, "red"),
        ),
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
        .description("Present values of each station. The name links to its dashboard.")
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
