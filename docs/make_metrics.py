"""Write the table in docs/metrics.md from the registry: `python docs/make_metrics.py`."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics import MetricWrapperBase

from monitor.history.watch import HistoryMetrics
from monitor.ingest.watch import IngestMetrics
from monitor.metrics.metrics import Metrics

PAGE = Path(__file__).parent / "metrics.md"
BEGIN = "<!-- from here to the end made by docs/make_metrics.py -->\n"


def registered() -> list[MetricWrapperBase]:
    """All metrics of the worker and of the services beside it, sorted by name."""
    registry = CollectorRegistry()
    Metrics.create(registry, station_cap=1)
    IngestMetrics.create(registry, station_cap=1)
    HistoryMetrics.create(registry)
    names = {metric: metric.describe()[0].name for metric in registry._collector_to_names}
    return sorted(names, key=names.__getitem__)


def row(metric: MetricWrapperBase) -> str:
    """One line of the table."""
    described = metric.describe()[0]
    name = described.name + ("_total" if isinstance(metric, Counter) else "")
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)
    return f"| `{name}` | {described.type} | {labels} | {described.documentation} |\n"


def page(present: str) -> str:
    """The page with a new table."""
    prose = present.partition(BEGIN)[0]
    head = "\n| metric | type | labels | meaning |\n|-|-|-|-|\n"
    return prose + BEGIN + head + "".join(row(metric) for metric in registered())


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
