"""One service: asks for its document, and only for what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from monitor.backoff import http_date, retry_after_s
from monitor.index_feed.formats import Document, Parse

MAX_BYTES = 4 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=30.0)
MAX_REDIRECTS = 3
Now = Callable[[], datetime]


class Unanswered(Exception):
    """The service gave nothing to use; the message says why."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


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
    """

    name: str
    url: Callable[[datetime], str]
    parse: Parse


@dataclass(frozen=True, slots=True)
class Answer:
    """The service's present document.

    `server_time` is its own clock's, None if it does not tell; `changed` whether the document is
    another one than at the last time.
    """

    document: Document
    server_time: datetime | None
    changed: bool


class Source:
    """Asks one service, remembering its last document."""

    def __init__(self, service: Service, session: aiohttp.ClientSession, now: Now) -> None:
        self.service = service
        self._session = session
        self._now = now
        self._url = ""
        self._validators: dict[str, str] = {}
        self._document: Document | None = None

    async def ask(self) -> Answer:
        """The present document; only transferred if it changed.

        Raises
        ------
        Unanswered
            If the service does not answer, or not with what can be used.
        """
        url = self.service.url(self._now())
        known = self._validators if url == self._url else {}
        try:
            async with self._session.get(
                URL(url), headers=known, timeout=TIMEOUT, max_redirects=MAX_REDIRECTS
            ) as response:
                server_time = clock_of(response.headers)
                if response.status == 304 and self._document is not None:
                    return Answer(self._document, server_time, changed=False)
                document = await self._read(response)
        except TimeoutError:
            raise Unanswered(f"no answer in {TIMEOUT.total:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unanswered(str(error) or type(error).__name__) from None
        # only a usable answer may be the one that "not modified" refers to
        self._url, self._document = url, document
        self._validators = validators(response.headers)
        return Answer(document, server_time, changed=True)

    async def _read(self, response: aiohttp.ClientResponse) -> Document:
        if response.status != 200:
            raise Unanswered(f"HTTP {response.status}", retry_after_s(response.headers))
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > MAX_BYTES:
                raise Unanswered(f"the answer is longer than {MAX_BYTES:,} bytes")
        return self.service.parse(bytes(body))


def validators(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that ask for the document only if it has changed."""
    asked = {
        "If-None-Match": headers.get("ETag"),
        "If-Modified-Since": headers.get("Last-Modified"),
    }
    return {name: text for name, text in asked.items() if text}


def clock_of(headers: Mapping[str, str]) -> datetime | None:
    """The service's clock: the time of the answer, and how long a cache has kept it."""
    date, age = http_date(headers.get("Date", "")), headers.get("Age", "0")
    if date is None or not age.isdecimal():
        return None
    return datetime.fromtimestamp(date.timestamp() + min(int(age), 10**9), UTC)
