"""Structured logs on standard error: JSON for machines, columns for people."""

from __future__ import annotations

import logging
import sys

import structlog

from monitor.kafka.outage import Outage
from monitor.settings import Settings

QUIET_LOGGERS = ("aiokafka", "kafka", "faust", "mode", "asyncio")


def configure_logs(settings: Settings) -> None:
    """Send structlog and the libraries' loggers through one formatter.

    Messages of clients about an absent broker become one line a minute, see `Outage`.
    """
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
    handler.setFormatter(_formatter(settings.log_format, shared))
    handler.addFilter(Outage(settings))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)  # it warns of a busy machine
    # Tansu has no producer ids: `Publisher` logs that it continues without.
    logging.getLogger("aiokafka.producer.sender").addFilter(_is_not_about_producer_ids)
    for name in QUIET_LOGGERS:  # verbose at info; the worker logs rebalances itself
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _is_not_about_producer_ids(record: logging.LogRecord) -> bool:
    return "during InitProducerIdRequest" not in str(record.msg)


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
