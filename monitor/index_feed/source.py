"""One service: asks for its document, and only for what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from monitor.http.client import reason
from monitor.http.fetch import FetchLimits, Unanswered, fetch, validators
from monitor.http.retry import http_date
from monitor.index_feed.formats import Document, Parse

MAX_BYTES = 1024 * 1024  # a hundred times what they send
TIMEOUT_S = 30.0
MAX_AGE_DIGITS = 9
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Service:
    """Where an index comes from.

    Attributes
    ----------
    name
        In records and logs.
    url
        Its address at some moment; GFZ's has the days asked for in it.
    parse
        Reads its answers.
    setting
        The environment variable of its address.
    """

    name: str
    url: Callable[[datetime], str]
    parse: Parse
    setting: str


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """The service's present document.

    `server_time` is its own clock's, None if it does not tell; `changed` whether the document is
    another one than at the last time.
    """

    document: Document
    server_time: datetime | None
    changed: bool


class Source:
    """Asks one service, remembering its last document."""

    def __init__(
        self,
        service: Service,
        session: aiohttp.ClientSession,
        now: Now,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.service = service
        self._session = session
        self._now = now
        self._timeout_s = timeout_s
        self._url = ""
        self._validators: dict[str, str] = {}
        self._document: Document | None = None

    async def ask(self) -> ServiceAnswer:
        """The present document; only transferred if it changed.

        Raises
        ------
        Unanswered
            If the service does not answer, or not with what can be used.
        """
        url = self.service.url(self._now())
        known = self._validators if url == self._url else {}
        self._validators = {}  # what a failure leaves: the next try asks for the whole document
        return await self._asked(url, known)

    async def _asked(self, url: str, known: dict[str, str]) -> ServiceAnswer:
        limits = FetchLimits(self._timeout_s, MAX_BYTES)
        remedy = f"set it as {self.service.setting}"
        answer = await fetch(self._session, url, limits, remedy, known)
        server_time = clock_of(answer.headers)
        if answer.status == 304:
            if not known or self._document is None:
                raise Unanswered("HTTP 304")
            self._validators = known
            return ServiceAnswer(self._document, server_time, changed=False)
        document = self._parsed(answer.body)
        # only a usable answer may be the one that "not modified" refers to
        self._url, self._document = url, document
        self._validators = validators(answer.headers)
        return ServiceAnswer(document, server_time, changed=True)

    def _parsed(self, body: bytes) -> Document:
        try:
            return self.service.parse(body)
        except (OSError, ValueError) as error:
            raise Unanswered(reason(error)) from None


def clock_of(headers: Mapping[str, str]) -> datetime | None:
    """The service's clock: the time of the answer, and how long a cache has kept it."""
    date, age = http_date(headers.get("Date", "")), headers.get("Age", "0").strip()
    digits = age.isascii() and age.isdecimal() and len(age) <= MAX_AGE_DIGITS
    return date + timedelta(seconds=int(age)) if date is not None and digits else None
