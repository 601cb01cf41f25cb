"""*Station*: one station, its score against its threshold, and its data."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard

from deploy.grafana.boards.parts import (
    SOURCE,
    PanelBuilder,
    Query,
    beyond,
    filled,
    frame,
    number,
    series,
    station_variable,
)

ONE = '{station="$station"}'
SCORE = f"max by (model) (magwatch_score_ratio{ONE})"
THRESHOLD = f"max by (model) (magwatch_score_threshold_ratio{ONE})"
OPEN = f"max by (model) (magwatch_open_alerts{ONE})"
SILENCE = f"time() - max by (model) (magwatch_newest_record_timestamp_seconds{ONE})"
DAY_S = 86_400
YEAR_S = 365 * DAY_S


def station() -> Dashboard:
    """Return a newly built dashboard."""
    board = frame(
        "station",
        "magwatch: station",
        "One station. Scores are in units of the station's background, so stations can be "
        "compared. Prometheus does not have the field itself.",
    )
    board.with_variable(station_variable(several=False)).annotation(_alerts())
    return filled(board, {"$station now": _now(), "Score": _score(), "Data": _data()})


def _alerts() -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name("alert open")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("red")
        .expr(f"{OPEN} > 0")
    )


def _now() -> list[PanelBuilder]:
    return [
        _score_over_threshold(),
        _as_rare_as_once_in(),
        _alert(),
        _profile(),
        _completeness(),
        _newest_record(),
    ]


def _score_over_threshold() -> PanelBuilder:
    return number(
        "Score over threshold",
        "Score of the last window. 100 % is the threshold.",
        "percentunit",
        Query(f"{SCORE} / {THRESHOLD}"),
        limits=((0.8, "orange"), (1.0, "red")),
    )


def _as_rare_as_once_in() -> PanelBuilder:
    return number(
        "As rare as once in",
        "Quiet time in which one window reaches such a score, by the calibration.",
        "s",
        Query(f"max by (model) (magwatch_return_period_seconds{ONE})"),
        limits=((DAY_S, "orange"), (30 * DAY_S, "red")),
    ).mappings([beyond(YEAR_S, "over a year")])


def _alert() -> PanelBuilder:
    return number(
        "Alert",
        "Whether the station has an open alert.",
        "none",
        Query(OPEN),
        limits=((1, "red"),),
        names={"0": "none", "1": "open"},
    )


def _profile() -> PanelBuilder:
    return number(
        "Profile",
        "Whether the station has a profile. Without one its windows are not scored: run magwatch "
        "calibrate.",
        "none",
        Query(f"max by (model) (magwatch_station_calibrated{ONE})"),
        limits=((1, "green"),),
        base="blue",
        names={"0": "calibrating", "1": "calibrated"},
    )


def _completeness() -> PanelBuilder:
    return number(
        "Completeness",
        "Share of the last window's samples that were measured.",
        "percentunit",
        Query(f"min by (model) (magwatch_window_completeness_ratio{ONE})"),
        limits=((0.9, "orange"), (0.99, "green")),
        base="red",
    )


def _newest_record() -> PanelBuilder:
    return number(
        "Newest record",
        "Time since the broker received a record. The station is silent after "
        "MAGWATCH_SILENT_AFTER_S.",
        "s",
        Query(SILENCE),
        base="text",
    )


def _score() -> list[PanelBuilder]:
    return [
        _score_and_threshold(),
        _return_period(),
        _alerts_opened_and_what_the_calibration_allows(),
    ]


def _score_and_threshold() -> PanelBuilder:
    return series(
        "Score and threshold",
        "Root mean square error of the reconstruction, in units of the station's background. Marks "
        "show open alerts.",
        "none",
        Query(SCORE, "score {{model}}"),
        Query(THRESHOLD, "threshold {{model}}", dashed="red"),
        width=24,
    )


def _return_period() -> PanelBuilder:
    return series(
        "Return period",
        "Quiet time in which such a score occurs once, at most a hundred times the length of the "
        "calibration.",
        "s",
        Query(f"max by (model) (magwatch_return_period_seconds{ONE})", "once in {{model}}"),
        limits=((DAY_S, "orange"), (30 * DAY_S, "red")),
        log=True,
    )


def _alerts_opened_and_what_the_calibration_allows() -> PanelBuilder:
    return series(
        "Alerts opened, and what the calibration allows",
        "Alerts of the last 30 days. The calibration allows false alerts at the requested rate. "
        "Real disturbances, above all space weather, add to them.",
        "short",
        Query(
            f"sum by (model) (increase(magwatch_alerts_opened_total{ONE}[30d]))", "opened {{model}}"
        ),
        Query(
            f"sum by (model) (increase(magwatch_alerts_promised_total{ONE}[30d]))",
            "allowed {{model}}",
            dashed="orange",
        ),
    )


def _data() -> list[PanelBuilder]:
    return [_windows_by_quality(), _samples_by_outcome(), _completeness_of_windows(), _freshness()]


def _windows_by_quality() -> PanelBuilder:
    return series(
        "Windows by quality",
        "ok: scored. insufficient: too many samples are missing. calibrating: no profile.",
        "short",
        Query(
            f"sum by (quality, model) (increase(magwatch_windows_total{ONE}[$__rate_interval]))",
            "{{quality}} {{model}}",
        ),
        stacked=True,
    )


def _samples_by_outcome() -> PanelBuilder:
    return series(
        "Samples by outcome",
        "accepted: new. missing: null or a fill value. duplicate, corrected: sent again. late: "
        "older than the allowed lateness, not used.",
        "cps",
        Query(
            f"sum by (outcome, model) (rate(magwatch_samples_total{ONE}[$__rate_interval]))",
            "{{outcome}} {{model}}",
        ),
    )


def _completeness_of_windows() -> PanelBuilder:
    return series(
        "Completeness of windows",
        "A window is insufficient and gets no score if it has less than 90 % of its samples or a "
        "gap of more than MAGWATCH_MAX_GAP samples.",
        "percentunit",
        Query(f"min by (model) (magwatch_window_completeness_ratio{ONE})", "measured {{model}}"),
        limits=((0.9, "orange"),),
        top=1.0,
    )


def _freshness() -> PanelBuilder:
    return series(
        "Freshness",
        "Time since the broker received the newest record, and age of the newest sample by its own "
        "time.",
        "s",
        Query(SILENCE, "newest record came {{model}}"),
        Query("max(magwatch_silent_after_seconds)", "silent", dashed="orange"),
        Query(
            f"time() - max by (model) (magwatch_newest_sample_timestamp_seconds{ONE})",
            "newest sample is of {{model}}",
        ),
        log=True,
    )
