"""Reasons why no broker of the settings can be used: absent, silent, or refusing the login.

The Kafka clients retry after a refused login or certificate until they time out, and then report
only that no broker answered. One more connection is tried here to find the reason.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    KafkaError,
    RequestTimedOutError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from monitor.errors import Refused
from monitor.kafka.security import client_security
from monitor.settings import Settings

TIMEOUT_MS = 3000


@dataclass(frozen=True, slots=True)
class BrokerProblem:
    """The reason why a broker cannot be used."""

    said: str  # in one line
    lasting: bool = False  # until a setting is changed


def refusal(settings: Settings) -> Refused | None:
    """The error for brokers that refuse the login or certificate; None if none does."""
    if settings.security_protocol == "PLAINTEXT":
        return None
    problem = asyncio.run(broker_problem(settings))
    return Refused(problem.said) if problem is not None and problem.lasting else None


async def broker_problem(settings: Settings) -> BrokerProblem | None:
    """The problem with the servers of the settings, lasting ones first; None if one answers."""
    problems: list[BrokerProblem] = []
    for server in settings.broker.split(","):
        problem = await _problem(server, settings)
        if problem is None:
            return None
        problems.append(problem)
    return next((problem for problem in problems if problem.lasting), problems[0])


async def _problem(server: str, settings: Settings) -> BrokerProblem | None:
    host, _, port = server.rpartition(":")
    try:
        connection = await create_conn(
            host, int(port), request_timeout_ms=TIMEOUT_MS, **client_security(settings)
        )
    except (KafkaError, OSError, TimeoutError) as error:
        return _lasting_problem(server, settings, error) or BrokerProblem(
            f"{server}: {_reason(error)}"
        )
    connection.close()
    return None


def _lasting_problem(server: str, settings: Settings, error: Exception) -> BrokerProblem | None:
    if isinstance(error, SaslAuthenticationFailed | AuthenticationFailedError):
        said = (
            f"{server} refuses the login of {settings.sasl_username} by "
            f"{settings.sasl_mechanism}: check MAGWATCH_SASL_USERNAME and _PASSWORD"
        )
    elif isinstance(error, UnsupportedSaslMechanismError):
        said = f"{server} knows no {settings.sasl_mechanism}: check MAGWATCH_SASL_MECHANISM"
    elif isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", None) or error.reason
        said = f"no TLS with {server} ({why}): check MAGWATCH_SSL_CAFILE and _SECURITY_PROTOCOL"
    else:
        return None
    return BrokerProblem(said, lasting=True)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError | RequestTimedOutError):
        return f"no answer in {TIMEOUT_MS / 1000:g} s"
    if isinstance(error, KafkaConnectionError):  # as from a server that requires TLS
        return "it ends the connection; is MAGWATCH_SECURITY_PROTOCOL right?"
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__
