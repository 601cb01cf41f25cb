"""Panels of *Pipeline* about the workers themselves."""

from __future__ import annotations

from deploy.grafana.boards.parts import YES_NO, PanelBuilder, Query, series, states


def workers() -> list[PanelBuilder]:
    """Panels of readiness, memory, processor and files."""
    return [_ready(), _memory(), _cpu(), _open_files()]


def _ready() -> PanelBuilder:
    return states(
        "Ready",
        "Whether the worker is ready to score samples (/readyz).",
        Query("magwatch_ready", "{{instance}}"),
        YES_NO,
        ((0, "red"), (1, "green")),
    )


def _memory() -> PanelBuilder:
    return series(
        "Memory",
        "Resident memory of each worker. Docker Compose ends a worker above 1 GiB.",
        "bytes",
        Query('process_resident_memory_bytes{job="magwatch"}', "{{instance}}"),
        width=8,
    )


def _cpu() -> PanelBuilder:
    return series(
        "CPU",
        "Processor cores that each worker uses.",
        "none",
        Query('rate(process_cpu_seconds_total{job="magwatch"}[$__rate_interval])', "{{instance}}"),
        width=8,
    )


def _open_files() -> PanelBuilder:
    return series(
        "Open files",
        "File descriptors of each worker. Steady growth means a leak.",
        "short",
        Query('process_open_fds{job="magwatch"}', "{{instance}}"),
        width=8,
    )
