"""One request to an untrusted server: its answer whole, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from monitor.http.client import one_line, reason
from monitor.http.retry import retry_after_s

MAX_REDIRECTS = 3
SAID_BYTES = 300  # of the body of a refusal, for the log
CHUNK_BYTES = 64 * 1024


class Unanswered(Exception):
    """The service gave nothing to use; the message says why, in one line."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(one_line(why))
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class FetchedAnswer:
    """Status 200, 204 (no data) or 304, headers and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limits of a request.

    Attributes
    ----------
    timeout_s
        Time for the whole answer.
    most_bytes
        Largest body.
    """

    timeout_s: float
    most_bytes: int


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    limits: FetchLimits,
    remedy: str,
    headers: Mapping[str, str] | None = None,
) -> FetchedAnswer:
    """Get an address; redirects are followed on the same host only, and never to plain http.

    Parameters
    ----------
    session
        From `monitor.http.client.session`.
    url
        Address.
    limits
        Time and size that the answer may take.
    remedy
        What the user can do about a redirect elsewhere, for the message.
    headers
        Headers to send.

    Raises
    ------
    Unanswered
        If there is no whole answer with status 200, 204 or 304.
    """
    try:
        async with session.get(
            URL(url),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=limits.timeout_s),
            max_redirects=MAX_REDIRECTS,
            middlewares=(_staying_with(URL(url), remedy),),
        ) as response:
            return FetchedAnswer(
                response.status, response.headers.copy(), await _body(response, limits.most_bytes)
            )
    except TimeoutError:
        raise Unanswered(f"no answer in {limits.timeout_s:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Unanswered(reason(error)) from None


def validators(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that ask for the document only if it has changed."""
    asked = {
        "If-None-Match": headers.get("ETag"),
        "If-Modified-Since": headers.get("Last-Modified"),
    }
    # what a client may read it may not always send
    return {name: text for name, text in asked.items() if text and _sendable(text)}


def _sendable(text: str) -> bool:
    return text.isascii() and text.isprintable()


async def _body(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    if response.status in {204, 304}:
        return b""
    if response.status != 200:
        said = await _said(response)
        raise Unanswered(f"HTTP {response.status}{said}", retry_after_s(response.headers))
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > most_bytes:
            raise Unanswered(f"the answer is longer than {most_bytes:,} bytes")
    return bytes(body)


async def _said(response: aiohttp.ClientResponse) -> str:
    """What a refusal says in JSON; a web page says nothing that a log line could hold."""
    if response.content_type != "application/json":
        return ""
    try:
        text = (await response.content.read(SAID_BYTES)).decode(errors="replace")
    except (aiohttp.ClientError, OSError):
        return ""
    return f": {one_line(text)}" if text.strip() else ""


def _staying_with(asked: URL, remedy: str) -> aiohttp.ClientMiddlewareType:
    async def middleware(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        there = request.url
        if there.host != asked.host or (asked.scheme, there.scheme) == ("https", "http"):
            raise Unanswered(f"it redirects to {there.origin()}: if that is meant, {remedy}")
        return await handler(request)

    return middleware
