"""Passwords of sources, from the environment alone."""

from __future__ import annotations

from pydantic import SecretStr

from monitor.errors import SettingsRefused
from monitor.ingest.addresses import SourceAddress

SETTING = "MAGWATCH_INGEST_PASSWORDS"


def passwords_of(secret: SecretStr | None) -> dict[str, str]:
    """Passwords by ``user@host``.

    Raises
    ------
    SettingsRefused
        If a line is not ``user@host=password``; the message has its number, not its text.
    """
    found = {}
    lines = secret.get_secret_value().splitlines() if secret else []
    for number, line in enumerate(lines, 1):
        account, equals, password = line.strip().partition("=")
        if not line.strip():
            continue
        if not equals or "@" not in account or not password:
            raise SettingsRefused(f"{SETTING}: line {number} is not user@host=password")
        found[account] = password
    return found


def password_of(address: SourceAddress, passwords: dict[str, str]) -> str | None:
    """The password of an account; None for a source without a user.

    Raises
    ------
    SettingsRefused
        If there is none.
    """
    if not address.user:
        return None
    account = f"{address.user}@{address.host}"
    if account not in passwords:
        raise SettingsRefused(f"no password for {account}: add {account}=… to {SETTING}")
    return passwords[account]
