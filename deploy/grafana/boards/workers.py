"""The part of *Pipeline* about the workers themselves."""

from __future__ import annotations

from deploy.grafana.boards.parts import YES_NO, PanelBuilder, Query, series, states


def workers() -> list[PanelBuilder]:
    """Readiness, memory, processor, files."""
    return [_ready(), _memory(), _cpu(), _open_files()]


def _ready() -> PanelBuilder:
    return states(
        "Ready",
        "Whether a sample sent now would be scored now (/readyz).",
        Query("magwatch_ready", "{{instance}}"),
        YES_NO,
        ((0, "red"), (1, "green")),
    )


def _memory() -> PanelBuilder:
    return series(
        "Memory",
        "Resident memory of each worker. The compose file ends one that passes 1 GiB.",
        "bytes",
        Query('process_resident_memory_bytes{job="magwatch"}', "{{instance}}"),
        width=8,
    )


def _cpu() -> PanelBuilder:
    return series(
        "CPU",
        "Cores in use by each worker.",
        "none",
        Query('rate(process_cpu_seconds_total{job="magwatch"}[$__rate_interval])', "{{instance}}"),
        width=8,
    )


def _open_files() -> PanelBuilder:
    return series(
        "Open files",
        "Descriptors of each worker; steady growth is a leak.",
        "short",
        Query('process_open_fds{job="magwatch"}', "{{instance}}"),
        width=8,
    )
