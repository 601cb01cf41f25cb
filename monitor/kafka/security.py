"""TLS and SASL settings as arguments of the Kafka clients."""

from __future__ import annotations

import ssl
from typing import TypedDict

from monitor.errors import SettingsRefused
from monitor.settings import Settings


class ClientSecurity(TypedDict, total=False):
    """Arguments shared by aiokafka and kafka-python."""

    security_protocol: str
    ssl_context: ssl.SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context of the settings, or None without TLS."""
    if "SSL" not in settings.security_protocol:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
        if settings.ssl_certfile is not None:
            context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
    except (ssl.SSLError, OSError) as error:
        raise SettingsRefused(f"MAGWATCH_SSL_CAFILE or MAGWATCH_SSL_CERTFILE: {error}") from error
    return context


def password(settings: Settings) -> str | None:
    """The SASL password in plain text, for a client and never for a log."""
    return settings.sasl_password.get_secret_value() if settings.sasl_password else None


def client_security(settings: Settings) -> ClientSecurity:
    """Security arguments of a Kafka client."""
    arguments = ClientSecurity(
        security_protocol=settings.security_protocol, ssl_context=ssl_context(settings)
    )
    if settings.security_protocol.startswith("SASL"):
        arguments["sasl_mechanism"] = settings.sasl_mechanism
        arguments["sasl_plain_username"] = settings.sasl_username
        arguments["sasl_plain_password"] = password(settings)
    return arguments
