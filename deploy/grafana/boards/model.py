"""*Model*: the model in use, and whether today's scores are those of its calibration."""

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
    station_variable,
    table_target,
)

SOME = '{station=~"$station"}'
SCORED = '{station=~"$station", quality="ok"}'
QUANTILES = {"0.5": 0.5, "0.9": 0.1, "0.99": 0.01}
DIFFERENT = (
    "count(count by (line, sha256) (magwatch_model_info) != on (line) group_left () "
    "count by (line) (count by (line, instance) (magwatch_model_info))) or vector(0)"
)
HIDDEN = ("Time", "Value", "__name__", "job")


def model() -> Dashboard:
    """Return a newly built dashboard."""
    board = frame(
        "model",
        "magwatch: model",
        "Versions and verdict, scores compared with their calibration, and false alarms compared "
        "with the requested rate. No model shipped with magwatch has shown skill on earthquakes.",
    )
    board.with_variable(station_variable(several=True))
    sections = {
        "Model": _versions(),
        "Scores against their calibration": _drift(),
        "Alerts against the promise": _promise(),
    }
    return filled(board, sections)


def _versions() -> list[PanelBuilder]:
    return [_models(), _different_models(), _different_programs(), _in_charge(), _in_shadow()]


def _different_models() -> PanelBuilder:
    return number(
        "Different models",
        "Models that some workers of a line have and others have not. Any is normal only during a "
        "replacement.",
        "short",
        Query(DIFFERENT),
        limits=((1, "red"),),
    )


def _different_programs() -> PanelBuilder:
    return number(
        "Different programs",
        "Versions of magwatch in use by all workers.",
        "short",
        Query("count(count by (version) (magwatch_build_info))"),
        limits=((2, "orange"),),
    )


def _in_charge() -> PanelBuilder:
    return series(
        "Line in charge",
        "1 while this line of workers publishes the newest windows, 0 in shadow. The first line "
        "has no name.",
        "none",
        Query(
            "max by (line, cadence_s) (magwatch_model_in_charge)",
            "line {{line}} {{cadence_s}} s",
        ),
    )


def _in_shadow() -> PanelBuilder:
    return series(
        "Alerts in 24 hours, by line",
        "Alerts that the model in charge opened, and alerts that a model in shadow would have "
        "opened.",
        "short",
        Query("sum(increase(magwatch_alerts_opened_total[24h]))", "opened"),
        Query("sum(increase(magwatch_shadow_alerts_total[24h]))", "in shadow", dashed="orange"),
    )


def _models() -> table.Panel:
    hide = {"excludeByName": dict.fromkeys(HIDDEN, True)}
    return (
        table.Panel()
        .title("Model of each worker")
        .description("Name, version, file, and the result of the evaluation on real earthquakes.")
        .datasource(SOURCE)
        .unit("string")
        .height(4)
        .span(16)
        .with_target(table_target(Query("magwatch_model_info"), 0))
        .with_transformation(models.DataTransformerConfig("organize", options=hide))
    )


def _drift() -> list[PanelBuilder]:
    return [
        *(_share(quantile, expected) for quantile, expected in QUANTILES.items()),
        _drift_by_station(),
        _score_over_threshold(),
    ]


def _drift_by_station() -> PanelBuilder:
    return series(
        "Drift by station",
        "Share of the last week's windows above the 90 % quantile of the calibration, divided by "
        "the expected 10 %. Near 1 the calibration holds. If the value stays far from 1 for weeks, "
        "the station, its surroundings or the season have changed: calibrate again.",
        "none",
        Query(
            'sum by (station, model) (magwatch:windows_above_quantile:share7d{station=~"$station", '
            'quantile="0.9"}) / 0.1',
            "{{station}} {{model}}",
        ),
        limits=((3.0, "orange"), (5.0, "red")),
    )


def _score_over_threshold() -> PanelBuilder:
    return series(
        "Score over threshold",
        "Score of each station's last window. 100 % is the threshold.",
        "percentunit",
        Query(
            f"max by (station, model) (magwatch_score_ratio{SOME}) / "
            f"max by (station, model) (magwatch_score_threshold_ratio{SOME})",
            "{{station}} {{model}}",
        ),
        limits=((1.0, "red"),),
        log=True,
    )


def _share(quantile: str, expected: float) -> PanelBuilder:
    above = f'magwatch_windows_above_quantile_total{{station=~"$station", quantile="{quantile}"}}'
    return series(
        f"Windows above the {float(quantile):.0%} quantile",
        f"Share of the windows scored in the last six hours. {expected:.0%} is expected while the "
        "field is as in the calibration. A storm raises all three shares for its duration, a "
        "change of the station for good.",
        "percentunit",
        Query(
            f"sum by (model) (increase({above}[6h])) "
            f"/ sum by (model) (increase(magwatch_windows_total{SCORED}[6h]))",
            "measured {{model}}",
        ),
        Query(f"vector({expected})", "calibration", dashed="orange"),
        width=8,
    )


def _promise() -> list[PanelBuilder]:
    return [_false_alerts_in_30_days(), _alerts_by_class_in_30_days()]


def _false_alerts_in_30_days() -> PanelBuilder:
    return series(
        "False alerts in 30 days",
        "Alerts not attributed to space weather, and the number that the calibration allows.",
        "short",
        Query(
            'sum by (model) (magwatch:false_alerts:increase30d{station=~"$station"})',
            "opened {{model}}",
        ),
        Query(
            'sum by (model) (magwatch:promised_alerts:increase30d{station=~"$station"})',
            "allowed {{model}}",
            dashed="orange",
        ),
    )


def _alerts_by_class_in_30_days() -> PanelBuilder:
    return series(
        "Alerts by class in 30 days",
        "Resolved alerts with a known class. unknown: Kp never came.",
        "short",
        Query(
            f"sum by (classification) (increase(magwatch_alerts_settled_total{SOME}[30d]))",
            "{{classification}}",
        ),
    )
