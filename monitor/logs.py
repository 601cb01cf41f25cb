"""Structured logs on standard error: JSON for machines, columns for people."""

from __future__ import annotations

import logging
import sys

import structlog

QUIET_LOGGERS = ("aiokafka", "faust", "mode", "asyncio")
ADMIN_LOGGER = "kafka"


def configure_logs(log_format: str, level: str) -> None:
    """Send structlog and the libraries' loggers through one formatter."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(log_format, shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET_LOGGERS:  # chatty at info, and a rebalance is reported by us
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # Ten lines for each broker that is not there; the worker says it in one.
    logging.getLogger(ADMIN_LOGGER).setLevel(logging.CRITICAL)


def _formatter(
    log_format: str, shared: list[structlog.types.Processor]
) -> structlog.stdlib.ProcessorFormatter:
    last: structlog.types.Processor
    if log_format == "json":
        last = structlog.processors.JSONRenderer()
    else:
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            last,
        ],
    )
