"""HTTP receiver of alerts: each post is repeated until it is delivered or refused."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import aiohttp
import structlog

from monitor.http.client import one_line, reason
from monitor.http.retry import Backoff, retry_after_s
from monitor.webhook.payloads import Payload
from monitor.webhook.target import Target

AGAIN = frozenset({408, 425, 429})  # the only statuses below 500 to be retried
CERTIFICATE_SAID_S = 60.0  # between log lines about a wrong certificate
log = structlog.get_logger("magwatch.webhook")


@dataclass(frozen=True, slots=True)
class ReceiverAnswer:
    """The outcome of a post: delivered, to be retried, or refused."""

    delivered: bool
    again: bool  # whether to retry
    said: str  # in one line
    retry_after_s: float | None = None
    wrong_certificate: bool = False


class Receiver:
    """Posts to a target over one session."""

    def __init__(self, target: Target, session: aiohttp.ClientSession) -> None:
        self._target = target
        self._session = session
        self._certificate_said_s: float | None = None  # last log line, monotonic clock
        self.failing: str | None = None  # reason of the last failure of the current alert

    async def deliver(self, payload: Payload, **about: object) -> ReceiverAnswer:
        """Post a payload until it is delivered or refused; `about` goes into the log."""
        backoff, began_s = Backoff(), time.monotonic()
        while True:
            answer = await self._try(payload)
            self.failing = answer.said if answer.again else None
            if not answer.again:
                return answer
            pause_s = backoff.pause_s(answer.retry_after_s)
            limit_s = self._target.give_up_s
            if limit_s is not None and time.monotonic() - began_s + pause_s > limit_s:
                return ReceiverAnswer(
                    delivered=False, again=False, said=f"{answer.said}, for too long"
                )
            self._say(answer, pause_s, about)
            await asyncio.sleep(pause_s)

    def _say(self, answer: ReceiverAnswer, pause_s: float, about: dict[str, object]) -> None:
        """Log a failure; that of a certificate at most once a minute."""
        now_s, said_s = time.monotonic(), self._certificate_said_s
        if answer.wrong_certificate:
            if said_s is not None and now_s - said_s < CERTIFICATE_SAID_S:
                return
            self._certificate_said_s = now_s
        log.warning(
            "not delivered, trying again",
            receiver=self._target.shown,
            said=answer.said,
            pause_s=round(pause_s, 1),
            **about,
        )

    async def _try(self, payload: Payload) -> ReceiverAnswer:
        headers = {"Content-Type": payload.content_type}
        if self._target.authorization is not None:
            headers["Authorization"] = self._target.authorization
        wrong_certificate = False
        try:
            response = await self._session.post(
                self._target.url,
                data=payload.body,
                headers=headers,
                auto_decompress=False,  # the body is not read
                allow_redirects=False,  # a redirect makes the POST a GET, or sends it elsewhere
                timeout=aiohttp.ClientTimeout(total=self._target.timeout_s),
            )
        except TimeoutError:
            said = f"no answer in {self._target.timeout_s:g} s"
        except Exception as error:  # any error of the client is a failed try
            said = reason(error)
            wrong_certificate = isinstance(error, aiohttp.ClientConnectorCertificateError)
        else:
            response.release()  # the status alone decides
            return _judged(response)
        return ReceiverAnswer(
            delivered=False, again=True, said=said, wrong_certificate=wrong_certificate
        )


def _judged(response: aiohttp.ClientResponse) -> ReceiverAnswer:
    status = response.status
    return ReceiverAnswer(
        delivered=200 <= status < 300,
        again=status >= 500 or status in AGAIN,
        said=one_line(f"HTTP {status} {response.reason or ''}"),
        retry_after_s=retry_after_s(response.headers),
    )
