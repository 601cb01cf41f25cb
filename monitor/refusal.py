"""Why a broker turns a client away.

A refused login or certificate is to kafka-python a reason to try again until its time is up, and
all it says then is that no broker answered. So the connection is tried once more, to hear why.
"""

from __future__ import annotations

import asyncio
import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import AuthenticationFailedError, KafkaError, SaslAuthenticationFailed

from monitor.errors import Refused
from monitor.security import client_security
from monitor.settings import Settings

TIMEOUT_MS = 5000


def refusal(settings: Settings) -> Refused | None:
    """The one line about a broker that refuses us; None if that is not the reason."""
    if settings.security_protocol == "PLAINTEXT":
        return None
    return asyncio.run(_first_refusal(settings))


async def _first_refusal(settings: Settings) -> Refused | None:
    for server in settings.broker.split(","):
        if found := await _asked(server, settings):
            return found
    return None


async def _asked(server: str, settings: Settings) -> Refused | None:
    host, _, port = server.rpartition(":")
    try:
        connection = await create_conn(
            host, int(port), request_timeout_ms=TIMEOUT_MS, **client_security(settings)
        )
    except (SaslAuthenticationFailed, AuthenticationFailedError):
        return Refused(
            f"{server} refuses the login of {settings.sasl_username} by "
            f"{settings.sasl_mechanism}: check MAGWATCH_SASL_USERNAME and _PASSWORD"
        )
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", None) or error.reason
        return Refused(
            f"no TLS with {server} ({why}): check MAGWATCH_SSL_CAFILE and _SECURITY_PROTOCOL"
        )
    except (KafkaError, OSError, TimeoutError):
        return None
    connection.close()
    return None
