"""One HTTP receiver: posts until it has what it was sent, or has refused it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import aiohttp
import structlog
from yarl import URL

from monitor.backoff import Backoff, retry_after_s
from monitor.delivery.payloads import Payload
from monitor.errors import Refused

AGAIN = frozenset({408, 425, 429})  # the only answers below 500 that ask for another try
log = structlog.get_logger("magwatch.webhook")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post.

    Attributes
    ----------
    url
        Of the receiver, http or https.
    authorization
        Value of that header; never logged.
    timeout_s
        Longest wait for an answer.
    give_up_s
        A receiver that keeps failing on one alert for so long has refused it; None: never.
    """

    url: URL
    authorization: str | None
    timeout_s: float
    give_up_s: float | None

    @property
    def shown(self) -> str:
        """For logs: paths, queries and user parts of webhooks are often secrets."""
        return str(self.url.origin())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try: `delivered`, worth another try, or neither."""

    delivered: bool
    again: bool
    said: str
    retry_after_s: float | None = None


def checked_url(text: str) -> URL:
    """The URL of a receiver.

    Raises
    ------
    Refused
        If it is no http or https URL with a host, or has a user part. It is not repeated in the
        message: it may hold a secret.
    """
    try:
        url = URL(text)
        good = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        good = False
    if not good:
        raise Refused("--webhook must be a URL like https://receiver.example.org/hook")
    if url.user is not None or url.password is not None:
        raise Refused("--webhook: no user or password in a URL, use MAGWATCH_WEBHOOK_AUTHORIZATION")
    return url


class Receiver:
    """Posts to one target over one session."""

    def __init__(self, target: Target, session: aiohttp.ClientSession) -> None:
        self._target = target
        self._session = session

    async def deliver(self, payload: Payload, **about: object) -> Answer:
        """Post until it is delivered or refused; `about` goes into the log."""
        backoff, began_s = Backoff(), time.monotonic()
        while True:
            answer = await self._try(payload)
            if not answer.again:
                return answer
            pause_s = backoff.pause_s(answer.retry_after_s)
            limit_s = self._target.give_up_s
            if limit_s is not None and time.monotonic() - began_s + pause_s > limit_s:
                return Answer(delivered=False, again=False, said=f"{answer.said}, for too long")
            log.warning(
                "not delivered, trying again",
                receiver=self._target.shown,
                said=answer.said,
                pause_s=round(pause_s, 1),
                **about,
            )
            await asyncio.sleep(pause_s)

    async def _try(self, payload: Payload) -> Answer:
        headers = {"Content-Type": payload.content_type}
        if self._target.authorization is not None:
            headers["Authorization"] = self._target.authorization
        try:
            async with self._session.post(
                self._target.url,
                data=payload.body,
                headers=headers,
                allow_redirects=False,  # a redirected POST becomes a GET, or goes to a stranger
                timeout=aiohttp.ClientTimeout(total=self._target.timeout_s),
            ) as response:
                return _judged(response)
        except TimeoutError:
            said = f"no answer in {self._target.timeout_s:g} s"
        except (aiohttp.ClientError, OSError) as error:  # their texts may repeat the URL
            said = type(error).__name__
        return Answer(delivered=False, again=True, said=said)


def _judged(response: aiohttp.ClientResponse) -> Answer:
    status = response.status
    return Answer(
        delivered=200 <= status < 300,
        again=status >= 500 or status in AGAIN,
        said=f"HTTP {status} {response.reason or ''}".strip(),
        retry_after_s=retry_after_s(response.headers),
    )
