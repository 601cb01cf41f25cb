"""Reviews of alerts on the page: those of the topic, and those that the page takes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec
from aiohttp import web
from aiokafka import ConsumerRecord

from archive.model_names import station_of
from geofield.utc import time_ms
from monitor.dashboard.answers import Refusal, json_answer
from monitor.dashboard.showable import AlertView, Unshowable
from monitor.errors import BrokerUnreachable, Refused
from monitor.records.reviews import ReviewRecord, Said, Verdict, decode_review, review_of

HEADER = "Magwatch-Review-Token"
MOST_REVIEWS = 100_000  # the page of an alert shows its review however old it is
MOST_SENT = 1000  # to a page at its start, which has fewer alerts
MOST_BODY = 8 * 1024  # bytes; a note of 500 characters has 2,000 at most, escaped 6,000
BODY_S = 10.0
_said = msgspec.json.Decoder(Said)


class ReviewView(msgspec.Struct, frozen=True):
    """The last word on an alert; `reviewed_ms` is in ms since 1970 UTC."""

    alert_id: str
    verdict: Verdict
    note: str
    by: str
    reviewed_ms: int


class Reviews:
    """The last word on each of the `most` alerts that were reviewed last.

    A page gets `most_sent` of them at its start.
    """

    def __init__(self, most: int = MOST_REVIEWS, most_sent: int = MOST_SENT) -> None:
        self._most, self._most_sent = most, most_sent
        self._by_alert: dict[str, ReviewView] = {}  # the last reviewed at the end
        self._changed: set[str] = set()  # alerts with changes since the last call of `changes`

    def take(self, review: ReviewView) -> None:
        """Take in a review; it replaces an earlier one of the alert."""
        self._by_alert.pop(review.alert_id, None)
        self._by_alert[review.alert_id] = review
        self._changed.add(review.alert_id)
        if len(self._by_alert) > self._most:
            del self._by_alert[next(iter(self._by_alert))]

    def of(self, alert_id: str) -> ReviewView | None:
        """The last word on an alert; None without one."""
        return self._by_alert.get(alert_id)

    def everything(self) -> list[ReviewView]:
        """The last word on each alert that a page may show at its start."""
        return list(self._by_alert.values())[-self._most_sent :]

    def changes(self) -> list[ReviewView]:
        """Those that have changed since the last call."""
        changed, self._changed = self._changed, set()
        return [view for name, view in self._by_alert.items() if name in changed]


def review_view(review: ReviewRecord) -> ReviewView:
    """What the page keeps of a review."""
    return ReviewView(
        review.alert_id, review.verdict, review.note, review.by, time_ms(review.reviewed)
    )


def shown_review(record: ConsumerRecord) -> ReviewView:
    """The review of a record.

    Raises
    ------
    Unshowable
        If it is none.
    """
    try:
        return review_view(decode_review(record.value or b""))
    except RecursionError:
        raise Unshowable("it is nested too deeply") from None
    except ValueError as error:
        raise Unshowable(str(error)) from None


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """Takes reviews from whoever has the token, and publishes them.

    Attributes
    ----------
    token
        The secret; compared in constant time.
    publish
        Puts a review into the topic, on a thread of its own.
    """

    token: str = field(repr=False)
    publish: Callable[[ReviewRecord], None]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # one at a time

    async def answer(
        self, request: web.Request, alerts: Mapping[str, AlertView], now_ms: int
    ) -> web.Response:
        """Publish the review in the body of a request; answer with it.

        The token is in a header of its own and the body is JSON, so that no foreign page can let a
        browser send it.

        Raises
        ------
        Refusal
            If the token, the alert or the review will not do, or the broker does not take it.
        """
        self._check_token(request.headers.get(HEADER))
        said = await _body(request)
        alert = alerts.get(request.match_info["alert_id"])
        if alert is None:
            raise Refusal(404, "the page has no such alert; `magwatch review` takes older ones")
        span_ms = alert.start_ms, alert.end_ms
        try:
            review = review_of(alert.alert_id, station_of(alert.station), span_ms, said, now_ms)
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        async with self._turn:
            try:
                await asyncio.to_thread(self.publish, review)
            except (BrokerUnreachable, Refused) as error:
                raise Refusal(503, f"not kept: {error}") from None
        return json_answer(request, review_view(review))

    def _check_token(self, given: str | None) -> None:
        if given is None:
            raise Refusal(401, f"a review needs the token, in the header {HEADER}")
        if not hmac.compare_digest(_digest(given), _digest(self.token)):
            raise Refusal(403, "this is not the token")


def _digest(secret: str) -> bytes:
    """Of one length for all secrets, as the time of a comparison depends on that."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


async def _body(request: web.Request) -> Said:
    if request.content_type != "application/json":
        raise Refusal(415, "a review is JSON: Content-Type: application/json")
    if (request.content_length or 0) > MOST_BODY:
        raise Refusal(413, f"a review has at most {MOST_BODY:,} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.content.iter_any():
                body += part
                if len(body) > MOST_BODY:
                    raise Refusal(413, f"a review has at most {MOST_BODY:,} bytes")
    except TimeoutError:
        raise Refusal(408, HTTPStatus.REQUEST_TIMEOUT.phrase) from None
    try:
        return _said.decode(str(body, "utf-8"))
    except RecursionError:
        raise Refusal(400, "it is nested too deeply") from None
    except ValueError as error:
        raise Refusal(400, f"no review: {error}") from None
