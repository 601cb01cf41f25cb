"""Log filter for outages: one line when the broker goes away, one a minute, one when it is back.

Kafka clients retry several times a second and log every failure: a worker wrote 236 lines a second.
The filter drops and counts only their records about lost connections. Meanwhile a thread tries to
connect to the broker every two seconds, to log the reason and to notice its return.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from threading import Lock, Thread

import aiokafka.errors
import kafka.errors
import structlog

from monitor.ending import end_requested
from monitor.errors import BrokerUnreachable, Refused
from monitor.kafka.login_errors import BrokerProblem, broker_problem
from monitor.settings import Settings

CLIENTS = ("aiokafka", "kafka", "faust", "mode", "asyncio")
# Errors of the clients when no broker can be reached.
LOST_TO_CLIENTS = (
    aiokafka.errors.KafkaConnectionError,
    aiokafka.errors.KafkaTimeoutError,
    aiokafka.errors.NoBrokersAvailable,
    aiokafka.errors.NodeNotReadyError,
    aiokafka.errors.RequestTimedOutError,
    kafka.errors.KafkaConnectionError,
    kafka.errors.KafkaTimeoutError,
    kafka.errors.NodeNotReadyError,
    kafka.errors.RequestTimedOutError,
)
LOST = (*LOST_TO_CLIENTS, BrokerUnreachable, OSError)  # TimeoutError and SSLError are OSErrors
# First words of log records about lost connections that contain no such error.
ABOUT_CONNECTIONS = (
    "Unable connect to ",
    "Unable to request metadata from ",
    "Unable to update metadata from ",
    "Unclosed AIOKafka",
    "%s: socket disconnected",
    "%s: Error receiving network data",
    "%s: Error sending request data",
    "%s: Abort (",
    "%s: Connection lost: ",
    "%s: Request timed out after ",
    "%s: SaslHandshake failed: ",
    "Bootstrap %s not ready; waiting",
    "Bootstrap connection to ",
    "Bootstrap attempt to ",
    "Bootstrap failed: ",
    "Connection failed: ",
    "DNS lookup failed for ",
    "No node available for metadata refresh",
)
NO_METADATA = "Unable to get cluster metadata"  # aiokafka raises it as a plain KafkaError
# Dropped only during an outage, as they may have other reasons.
WHILE_IT_LASTS = (
    "Group Coordinator Request failed: ",
    "Heartbeat failed for group ",
    "Heartbeat send request failed: ",
    "Heartbeat session expired",
    "Marking the coordinator dead",
)
AWAY = "away"  # field that marks our own records about a lost connection
PROBE_S, QUIET_S, REMIND_S = 2.0, 2.0, 60.0
log = structlog.get_logger("magwatch.broker")


def error_fields(error: Exception) -> dict[str, object]:
    """Log fields for an error: its text, and a mark if the connection was lost."""
    text = {"error": str(error) or type(error).__name__}
    return {**text, AWAY: True} if _is_lost(error) else {**text}


async def until_answered(settings: Settings) -> None:
    """Wait until a broker answers, and log the wait.

    Raises
    ------
    Refused
        If a broker refuses the certificate or the login.
    """
    while (problem := await broker_problem(settings)) is not None:
        if problem.lasting:
            raise Refused(problem.said)
        log.warning("no broker yet", error=problem.said, **{AWAY: True})
        await asyncio.sleep(PROBE_S)


class Outage(logging.Filter):
    """Filter for the handler of all logs; a thread of its own logs the outage."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._lock = Lock()
        self._watching: Thread | None = None  # during an outage
        self._left_out = 0  # records dropped in this outage
        self._last_s = 0.0  # time of the last dropped record
        self._last_said = ""  # its text

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for a record about a lost connection, and count it; else True."""
        watching = self._watching
        if not _about_connections(record, lasting=watching is not None):
            return True
        if watching is None or record.thread != watching.ident:
            self._failed(_one_line(record))
        return False

    def _failed(self, words: str) -> None:
        with self._lock:
            self._left_out += 1
            self._last_s, self._last_said = time.monotonic(), words
            if self._watching is None:
                self._watching = Thread(target=self._watch, name="outage", daemon=True)
                self._watching.start()

    def _watch(self) -> None:
        """Log until a broker answers and no client has failed for `QUIET_S`."""
        began_s, said_s = time.monotonic(), 0.0
        while (problem := self._tried()) is not None or self._lately():
            now_s = time.monotonic()
            if (problem is not None or now_s - began_s > QUIET_S) and now_s - said_s >= REMIND_S:
                said_s = now_s
                self._say("waiting for the broker", now_s - began_s, problem)
            time.sleep(PROBE_S)
        with self._lock:
            self._watching = None
            self._say("the broker is back", time.monotonic() - began_s, None)
            self._left_out = 0

    def _lately(self) -> bool:
        return time.monotonic() - self._last_s < QUIET_S

    def _tried(self) -> BrokerProblem | None:
        try:
            return asyncio.run(broker_problem(self._settings))
        except Exception as error:  # the thread must not end before the outage
            return BrokerProblem(str(error) or type(error).__name__)

    def _say(self, event: str, seconds: float, problem: BrokerProblem | None) -> None:
        if end_requested():
            return  # "stopped" is the last line
        log.warning(
            event,
            broker=self._settings.broker,
            reason=problem.said if problem else self._last_said,
            seconds=round(seconds, 1),
            left_out=self._left_out,
        )


def _about_connections(record: logging.LogRecord, *, lasting: bool) -> bool:
    if isinstance(record.msg, dict):  # our own, by structlog
        return bool(record.msg.get(AWAY))
    client, text = record.name.partition(".")[0], str(record.msg)
    if client not in CLIENTS:
        return False
    if text.startswith(ABOUT_CONNECTIONS) or (lasting and text.startswith(WHILE_IT_LASTS)):
        return True
    # asyncio logs about other connections, too
    lost = LOST_TO_CLIENTS if client == "asyncio" else LOST
    return any(_is_lost(error, lost) for error in _errors(record))


def _is_lost(error: object, lost: tuple[type[Exception], ...] = LOST) -> bool:
    """Whether an error is one of `lost` or was raised from one."""
    if not isinstance(error, Exception):
        return False
    no_metadata = error.args and NO_METADATA in str(error.args[0])
    return bool(no_metadata) or isinstance(error, lost) or isinstance(error.__cause__, lost)


def _errors(record: logging.LogRecord) -> Iterator[object]:
    if isinstance(record.args, tuple):
        yield from record.args
    if record.exc_info:
        yield record.exc_info[1]


def _one_line(record: logging.LogRecord) -> str:
    if isinstance(record.msg, dict):
        return f"{record.msg['event']}: {record.msg['error']}"
    try:
        return record.getMessage().partition("\n")[0]
    except Exception:  # arguments do not fit the text; a filter must not raise
        return str(record.msg)
