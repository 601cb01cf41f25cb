"""*Pipeline*: whether samples become scores, and how fast."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.grafana.boards.parts import (
    YES_NO,
    PanelBuilder,
    Query,
    filled,
    frame,
    number,
    series,
)
from deploy.grafana.boards.workers import workers

LAG = "sum by (partition) (magwatch_consumer_lag_records)"


def pipeline() -> Dashboard:
    """Return a newly built dashboard."""
    board = frame(
        "pipeline",
        "magwatch: pipeline",
        "The way from samples to scores and alerts: rates, lag, delay, refused records, and the "
        "processes of the workers.",
    )
    sections = {
        "Now": _now(),
        "Flow": _flow(),
        "Delay": _delay(),
        "Refusals and repairs": _refusals(),
        "Workers": workers(),
    }
    return filled(board, sections)


def _now() -> list[PanelBuilder]:
    return [
        _workers_up(),
        _lag(),
        _since_the_last_batch(),
        _sample_to_score_now(),
        _dead_letters_in_24_hours(),
        _broker(),
    ]


def _workers_up() -> PanelBuilder:
    return number(
        "Workers up",
        "Workers that answer Prometheus.",
        "short",
        Query('sum(up{job="magwatch"}) or vector(0)'),
        limits=((1, "green"),),
        base="red",
    )


def _lag() -> PanelBuilder:
    return number(
        "Lag",
        "Records in the samples topic that no worker has read.",
        "short",
        Query("sum(magwatch_consumer_lag_records)"),
        limits=((1_000, "orange"), (10_000, "red")),
    )


def _since_the_last_batch() -> PanelBuilder:
    return number(
        "Since the last batch",
        "Time since a worker last published a batch. It grows while no station sends.",
        "s",
        Query("min(time() - magwatch_progress_timestamp_seconds)"),
        limits=((120, "orange"), (600, "red")),
    )


def _sample_to_score_now() -> PanelBuilder:
    return number(
        "Sample to score",
        "95 % quantile of the time from the arrival of a window's last record at the broker to the "
        "publication of its score, over the last 15 minutes.",
        "s",
        Query(
            "histogram_quantile(0.95, sum by (le) "
            "(rate(magwatch_sample_to_score_seconds_bucket[15m])))"
        ),
        limits=((10, "orange"), (60, "red")),
    )


def _dead_letters_in_24_hours() -> PanelBuilder:
    return number(
        "Dead letters in 24 hours",
        "Records that could not be used. The dead letter topic has each record with the reason.",
        "short",
        Query("sum(increase(magwatch_deadletters_total[24h]))"),
        limits=((1, "orange"),),
    )


def _broker() -> PanelBuilder:
    return number(
        "Broker",
        "Whether all workers can reach the broker.",
        "none",
        Query("min(magwatch_broker_reachable)"),
        limits=((1, "green"),),
        base="red",
        names=YES_NO,
    )


def _flow() -> list[PanelBuilder]:
    return [_samples_by_outcome(), _records_by_worker(), _windows_by_quality(), _alert_versions()]


def _samples_by_outcome() -> PanelBuilder:
    return series(
        "Samples by outcome",
        "Samples of all stations. missing: null or a fill value. late: older than the allowed "
        "lateness.",
        "cps",
        Query("sum by (outcome) (rate(magwatch_samples_total[$__rate_interval]))", "{{outcome}}"),
    )


def _records_by_worker() -> PanelBuilder:
    return series(
        "Records by worker",
        "Records read from the samples topic.",
        "cps",
        Query("sum by (instance) (rate(magwatch_records_total[$__rate_interval]))", "{{instance}}"),
    )


def _windows_by_quality() -> PanelBuilder:
    return series(
        "Windows by quality",
        "ok: scored. insufficient: too many samples are missing. calibrating: no profile.",
        "cps",
        Query("sum by (quality) (rate(magwatch_windows_total[$__rate_interval]))", "{{quality}}"),
    )


def _alert_versions() -> PanelBuilder:
    return series(
        "Alert versions",
        "Published versions: each opening, update and end of an alert is a version.",
        "short",
        Query(
            "sum by (type, classification) "
            "(increase(magwatch_alert_versions_total[$__rate_interval]))",
            "{{type}} {{classification}}",
        ),
        stacked=True,
    )


def _delay() -> list[PanelBuilder]:
    return [_lag_by_partition(), _sample_to_score(), _model_run(), _windows_in_a_model_run()]


def _lag_by_partition() -> PanelBuilder:
    return series(
        "Lag by partition",
        "Records not yet read. If the lag grows on all partitions, add workers or partitions. If "
        "it grows on one, its worker is stuck or its stations send most.",
        "short",
        Query(LAG, "{{partition}}"),
        limits=((10_000, "red"),),
    )


def _sample_to_score() -> PanelBuilder:
    return series(
        "Sample to score",
        "Time from the arrival of a record at the broker to the publication of the score that it "
        "completed.",
        "s",
        *_quantiles("magwatch_sample_to_score_seconds"),
        log=True,
    )


def _model_run() -> PanelBuilder:
    return series(
        "Model run",
        "Duration of one run of the model, with any number of windows.",
        "s",
        *_quantiles("magwatch_inference_seconds"),
        log=True,
    )


def _windows_in_a_model_run() -> PanelBuilder:
    return series(
        "Windows in a model run",
        "Mean number of windows in a run. Larger runs cost less per window.",
        "short",
        Query(
            "sum(rate(magwatch_inference_batch_windows_sum[$__rate_interval])) / "
            "sum(rate(magwatch_inference_batch_windows_count[$__rate_interval]))",
            "windows",
        ),
    )


def _quantiles(metric: str) -> list[Query]:
    by_le = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
    return [
        Query(f"histogram_quantile({quantile}, {by_le})", name)
        for quantile, name in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    ]


def _refusals() -> list[PanelBuilder]:
    return [
        _dead_letters_by_reason(),
        _misplaced_records(),
        _retries_of_publication(),
        _rebalances_and_checkpoints(),
    ]


def _dead_letters_by_reason() -> PanelBuilder:
    return series(
        "Dead letters by reason",
        "Records refused, in each step of the graph.",
        "short",
        Query(
            "sum by (reason) (increase(magwatch_deadletters_total[$__rate_interval]))",
            "{{reason}}",
        ),
        stacked=True,
    )


def _misplaced_records() -> PanelBuilder:
    return series(
        "Misplaced records",
        "Records on a partition that does not match their key: a sender does not use murmur2.",
        "short",
        Query("sum(increase(magwatch_misplaced_records_total[$__rate_interval]))", "misplaced"),
        stacked=True,
    )


def _retries_of_publication() -> PanelBuilder:
    return series(
        "Retries of publication",
        "Batches sent again because the broker refused them or did not answer. No data are lost.",
        "short",
        Query(
            "sum by (instance) (increase(magwatch_publish_retries_total[$__rate_interval]))",
            "{{instance}}",
        ),
        stacked=True,
    )


def _rebalances_and_checkpoints() -> PanelBuilder:
    return series(
        "Rebalances and checkpoints",
        "Assignments of partitions, and checkpoints of station states.",
        "short",
        Query("sum(increase(magwatch_rebalances_total[$__rate_interval]))", "rebalances"),
        Query("sum(increase(magwatch_checkpoints_total[$__rate_interval]))", "checkpoints"),
    )
