"""*Pipeline*: whether what stations send becomes scores, and how fast."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from deploy.grafana.boards.parts import PanelBuilder, Query, frame, number, series, states

LAG = "sum by (partition) (magwatch_consumer_lag_records)"
YES_NO = {"0": "no", "1": "yes"}


def pipeline() -> Dashboard:
    """Built anew at each call."""
    board = frame(
        "pipeline",
        "magwatch: pipeline",
        "From the samples topic to scores and alerts: rates, lag, delay, refusals, and the workers "
        "themselves.",
    )
    for title, panels in (
        ("Now", _now()),
        ("Flow", _flow()),
        ("Delay", _delay()),
        ("Refusals and repairs", _refusals()),
        ("Workers", _workers()),
    ):
        board.with_row(Row(title))
        for panel in panels:
            board.with_panel(panel)
    return board


def _now() -> list[PanelBuilder]:
    return [
        number(
            "Workers up",
            "Workers that Prometheus reaches.",
            "short",
            Query('sum(up{job="magwatch"}) or vector(0)'),
            limits=((1, "green"),),
            base="red",
        ),
        number(
            "Lag",
            "Records in the samples topic that no worker has taken.",
            "short",
            Query("sum(magwatch_consumer_lag_records)"),
            limits=((1_000, "orange"), (10_000, "red")),
        ),
        number(
            "Since the last batch",
            "Of the worker that published last. Grows while no station sends.",
            "s",
            Query("min(time() - magwatch_progress_timestamp_seconds)"),
            limits=((120, "orange"), (600, "red")),
        ),
        number(
            "Sample to score",
            "95 of 100 windows were published within this time of their last record's arrival at "
            "the broker, in the last 15 minutes.",
            "s",
            Query(
                "histogram_quantile(0.95, sum by (le) "
                "(rate(magwatch_sample_to_score_seconds_bucket[15m])))"
            ),
            limits=((10, "orange"), (60, "red")),
        ),
        number(
            "Dead letters in 24 hours",
            "Records that could not be used; each is in the dead letter topic with its reason.",
            "short",
            Query("sum(increase(magwatch_deadletters_total[24h]))"),
            limits=((1, "orange"),),
        ),
        number(
            "Broker",
            "Whether every worker reaches the broker.",
            "none",
            Query("min(magwatch_broker_reachable)"),
            limits=((1, "green"),),
            base="red",
            names=YES_NO,
        ),
    ]


def _flow() -> list[PanelBuilder]:
    return [
        series(
            "Samples by outcome",
            "Of all stations. missing: null or a marker; late: older than the allowed lateness.",
            "cps",
            Query(
                "sum by (outcome) (rate(magwatch_samples_total[$__rate_interval]))", "{{outcome}}"
            ),
        ),
        series(
            "Records by worker",
            "Read from the samples topic.",
            "cps",
            Query(
                "sum by (instance) (rate(magwatch_records_total[$__rate_interval]))", "{{instance}}"
            ),
        ),
        series(
            "Windows by quality",
            "ok: scored. insufficient: too much is missing. calibrating: no profile.",
            "cps",
            Query(
                "sum by (quality) (rate(magwatch_windows_total[$__rate_interval]))", "{{quality}}"
            ),
        ),
        series(
            "Alert versions",
            "Every opening, update and ending is a version.",
            "short",
            Query(
                "sum by (type, classification) "
                "(increase(magwatch_alert_versions_total[$__rate_interval]))",
                "{{type}} {{classification}}",
            ),
            stacked=True,
        ),
    ]


def _delay() -> list[PanelBuilder]:
    return [
        series(
            "Lag by partition",
            "Records not yet taken. Growing everywhere: more workers or partitions. In one: a "
            "worker is stuck, or that partition has the busy stations.",
            "short",
            Query(LAG, "{{partition}}"),
            limits=((10_000, "red"),),
        ),
        series(
            "Sample to score",
            "From a record's arrival at the broker to the publication of the score it completed.",
            "s",
            *_quantiles("magwatch_sample_to_score_seconds"),
            log=True,
        ),
        series(
            "Model run",
            "How long one run of the network takes, whatever the number of windows in it.",
            "s",
            *_quantiles("magwatch_inference_seconds"),
            log=True,
        ),
        series(
            "Windows in a model run",
            "The mean. More windows at once are cheaper for each.",
            "short",
            Query(
                "sum(rate(magwatch_inference_batch_windows_sum[$__rate_interval])) / "
                "sum(rate(magwatch_inference_batch_windows_count[$__rate_interval]))",
                "windows",
            ),
        ),
    ]


def _quantiles(metric: str) -> list[Query]:
    by_le = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
    return [
        Query(f"histogram_quantile({quantile}, {by_le})", name)
        for quantile, name in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    ]


def _refusals() -> list[PanelBuilder]:
    return [
        series(
            "Dead letters by reason",
            "Records refused in each step of the graph.",
            "short",
            Query(
                "sum by (reason) (increase(magwatch_deadletters_total[$__rate_interval]))",
                "{{reason}}",
            ),
            stacked=True,
        ),
        series(
            "Misplaced records",
            "On a partition their key does not hash to: a sender's partitioner is not murmur2.",
            "short",
            Query("sum(increase(magwatch_misplaced_records_total[$__rate_interval]))", "misplaced"),
            stacked=True,
        ),
        series(
            "Retries of publication",
            "The broker refused or did not answer, and the batch was sent again. Nothing is lost.",
            "short",
            Query(
                "sum by (instance) (increase(magwatch_publish_retries_total[$__rate_interval]))",
                "{{instance}}",
            ),
            stacked=True,
        ),
        series(
            "Rebalances and checkpoints",
            "Partitions were assigned anew; states of stations were written.",
            "short",
            Query("sum(increase(magwatch_rebalances_total[$__rate_interval]))", "rebalances"),
            Query("sum(increase(magwatch_checkpoints_total[$__rate_interval]))", "checkpoints"),
        ),
    ]


def _workers() -> list[PanelBuilder]:
    return [
        states(
            "Ready",
            "Whether a sample sent now would be scored now (/readyz).",
            Query("magwatch_ready", "{{instance}}"),
            YES_NO,
            ((0, "red"), (1, "green")),
        ),
        series(
            "Memory",
            "Resident memory of each worker. The compose file ends one that passes 1 GiB.",
            "bytes",
            Query('process_resident_memory_bytes{job="magwatch"}', "{{instance}}"),
            width=8,
        ),
        series(
            "CPU",
            "Cores in use by each worker.",
            "none",
            Query(
                'rate(process_cpu_seconds_total{job="magwatch"}[$__rate_interval])', "{{instance}}"
            ),
            width=8,
        ),
        series(
            "Open files",
            "Descriptors of each worker; steady growth is a leak.",
            "short",
            Query('process_open_fds{job="magwatch"}', "{{instance}}"),
            width=8,
        ),
    ]
