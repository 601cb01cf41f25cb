"""*Station*: one station, its score against its threshold, and its data."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard

from deploy.grafana.boards.parts import (
    SOURCE,
    PanelBuilder,
    Query,
    filled,
    frame,
    number,
    series,
    station_variable,
)

ONE = '{station="$station"}'
SCORE = f"max(magwatch_score_ratio{ONE})"
THRESHOLD = f"max(magwatch_score_threshold_ratio{ONE})"
OPEN = f"max(magwatch_open_alerts{ONE})"
DAY_S = 86_400


def station() -> Dashboard:
    """Built anew at each call."""
    board = frame(
        "station",
        "magwatch: station",
        "One station. Scores are in units of its own background, so stations can be compared; the "
        "field itself is not in Prometheus.",
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
        "Of the last window; 100 % is the threshold.",
        "percentunit",
        Query(f"{SCORE} / {THRESHOLD}"),
        limits=((0.8, "orange"), (1.0, "red")),
    )


def _as_rare_as_once_in() -> PanelBuilder:
    return number(
        "As rare as once in",
        "How much quiet time brings one window with such a score, as far as the calibration "
        "can tell.",
        "s",
        Query(f"max(magwatch_return_period_seconds{ONE})"),
        limits=((DAY_S, "orange"), (30 * DAY_S, "red")),
    )


def _alert() -> PanelBuilder:
    return number(
        "Alert",
        "Whether an alert of this station is open.",
        "none",
        Query(OPEN),
        limits=((1, "red"),),
        names={"0": "none", "1": "open"},
    )


def _profile() -> PanelBuilder:
    return number(
        "Profile",
        "Without a profile windows are counted, not scored: run magwatch calibrate.",
        "none",
        Query(f"max(magwatch_station_calibrated{ONE})"),
        limits=((1, "green"),),
        base="blue",
        names={"0": "calibrating", "1": "calibrated"},
    )


def _completeness() -> PanelBuilder:
    return number(
        "Completeness",
        "Share of the last window that was measured.",
        "percentunit",
        Query(f"min(magwatch_window_completeness_ratio{ONE})"),
        limits=((0.9, "orange"), (0.99, "green")),
        base="red",
    )


def _newest_record() -> PanelBuilder:
    return number(
        "Newest record",
        "How long ago the broker got it.",
        "s",
        Query(f"time() - max(magwatch_newest_record_timestamp_seconds{ONE})"),
        limits=((120, "orange"), (900, "red")),
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
        "Root mean square error of the reconstruction in units of the station's background. "
        "Open alerts are marked.",
        "none",
        Query(SCORE, "score"),
        Query(THRESHOLD, "threshold", dashed="red"),
        width=24,
    )


def _return_period() -> PanelBuilder:
    return series(
        "Return period",
        "Quiet time in which such a score comes once; capped at a hundred times the length of "
        "the calibration.",
        "s",
        Query(f"max(magwatch_return_period_seconds{ONE})", "once in"),
        limits=((DAY_S, "orange"), (30 * DAY_S, "red")),
        log=True,
    )


def _alerts_opened_and_what_the_calibration_allows() -> PanelBuilder:
    return series(
        "Alerts opened, and what the calibration allows",
        "Over the last 30 days. The calibration allows false alerts at the rate that was asked "
        "for; real disturbances come on top, and space weather most of all.",
        "short",
        Query(f"sum(increase(magwatch_alerts_opened_total{ONE}[30d]))", "opened"),
        Query(
            f"sum(increase(magwatch_alerts_promised_total{ONE}[30d]))",
            "allowed",
            dashed="orange",
        ),
    )


def _data() -> list[PanelBuilder]:
    return [_windows_by_quality(), _samples_by_outcome(), _completeness_of_windows(), _freshness()]


def _windows_by_quality() -> PanelBuilder:
    return series(
        "Windows by quality",
        "ok: scored. insufficient: too much is missing. calibrating: no profile.",
        "short",
        Query(
            f"sum by (quality) (increase(magwatch_windows_total{ONE}[$__rate_interval]))",
            "{{quality}}",
        ),
        stacked=True,
    )


def _samples_by_outcome() -> PanelBuilder:
    return series(
        "Samples by outcome",
        "accepted: new. missing: null or a marker. duplicate, corrected: sent again. late: "
        "older than the allowed lateness, left out.",
        "cps",
        Query(
            f"sum by (outcome) (rate(magwatch_samples_total{ONE}[$__rate_interval]))",
            "{{outcome}}",
        ),
    )


def _completeness_of_windows() -> PanelBuilder:
    return series(
        "Completeness of windows",
        "Below 90 % (or with a gap longer than MAGWATCH_MAX_GAP samples) a window is "
        "insufficient and gets no score.",
        "percentunit",
        Query(f"min(magwatch_window_completeness_ratio{ONE})", "measured"),
        limits=((0.9, "orange"),),
        top=1.0,
    )


def _freshness() -> PanelBuilder:
    return series(
        "Freshness",
        "Since the broker got the newest record, and by the time that the samples bear.",
        "s",
        Query(f"time() - max(magwatch_newest_record_timestamp_seconds{ONE})", "newest record came"),
        Query(
            f"time() - max(magwatch_newest_sample_timestamp_seconds{ONE})",
            "newest sample is of",
        ),
        log=True,
    )
