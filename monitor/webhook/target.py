"""Target of the posts, checked before the first post."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from yarl import URL

from monitor.errors import Refused
from monitor.http.client import certificate_fault


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post alerts, and for how long to try.

    Attributes
    ----------
    url
        URL of the receiver, http or https.
    authorization
        Value of the header `Authorization`; never logged.
    timeout_s
        Longest wait for an answer.
    give_up_s
        Time after which an alert that keeps failing counts as refused; None: never.
    """

    url: URL
    authorization: str | None
    timeout_s: float
    give_up_s: float | None

    @property
    def shown(self) -> str:
        """The origin, for logs: the other parts of a webhook's URL are often secrets."""
        return str(self.url.origin())


def checked_url(text: str) -> URL:
    """The URL of a receiver.

    Raises
    ------
    Refused
        If the text is no http or https URL with a host, or has a user part. The message does not
        repeat it, as it may contain a secret.
    """
    try:
        url = URL(text)
        good = url.scheme in ("http", "https") and bool(url.host)
        (url.raw_host or "").encode("idna")  # as for the DNS lookup
    except ValueError:
        good = False
    if not good:
        raise Refused("--webhook must be a URL like https://receiver.example.org/hook")
    if url.user is not None or url.password is not None:
        raise Refused("--webhook: no user or password in a URL, use MAGWATCH_WEBHOOK_AUTHORIZATION")
    return url


def checked_authorization(text: str | None) -> str | None:
    """The value of the header `Authorization`; None without one.

    Raises
    ------
    Refused
        If no header can contain it. The message does not repeat it.
    """
    if text is not None and not text.isprintable():
        raise Refused(
            "MAGWATCH_WEBHOOK_AUTHORIZATION has a line break or another character that no header "
            "can hold: set it without"
        )
    return text


async def check_certificate(target: Target) -> None:
    """Make a TLS handshake, so that a wrong certificate is reported before the first alert.

    An absent receiver is no error: deliveries wait for it.

    Raises
    ------
    Refused
        If the certificate does not verify or has another name.
    """
    if target.url.scheme != "https":
        return
    try:
        async with asyncio.timeout(target.timeout_s):
            _, writer = await asyncio.open_connection(
                target.url.raw_host, target.url.port, ssl=True
            )
    except ssl.SSLCertVerificationError as error:
        raise Refused(f"--webhook {target.shown}: {certificate_fault(error)}") from None
    except OSError:  # time-outs too
        return
    writer.transport.abort()
