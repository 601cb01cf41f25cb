"""Addresses of alerts: a page and a picture for each, for ever at the same place."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from aiohttp import web

from geofield.utc import DAY_MS
from monitor.dashboard.answers import Refusal, bytes_answer
from monitor.dashboard.past.alert_page import alert_page, no_alert_page
from monitor.dashboard.past.folder import TOPICS, HistoryFolder, Signature
from monitor.dashboard.past.index import AlertIndex, AlertPlace
from monitor.dashboard.past.models import PastModels
from monitor.dashboard.past.picture import picture
from monitor.dashboard.past.records import KeptAlert
from monitor.dashboard.past.review import ReviewOf, no_review
from monitor.dashboard.past.story import AlertStory, kept_alert, span_around, story_of
from monitor.dashboard.past.work import KeptBodies, PageWork
from support.extras import ExtraMissing

HTML, PNG = "text/html", "image/png"
_ID = re.compile(r"[0-9a-f]{32}")


class AlertSite:
    """Answers about the alerts of a history.

    Parameters
    ----------
    folder
        The history.
    models
        Models that can draw reconstructions.
    work
        Threads shared with other pages.
    is_live
        Whether the live page has an alert with this id.
    review_of
        What an observer said of an alert.
    """

    def __init__(
        self,
        folder: HistoryFolder,
        models: PastModels,
        work: PageWork,
        is_live: Callable[[str], bool],
        review_of: ReviewOf = no_review,
    ) -> None:
        self._folder, self._models, self._work = folder, models, work
        self._is_live, self._review_of = is_live, review_of
        self._index, self._kept = AlertIndex(folder), KeptBodies()
        self._turn = threading.Lock()  # one model run or picture at a time, for the memory

    def routes(self) -> list[web.RouteDef]:
        """The addresses that are answered."""
        return [
            web.get("/alert/{id}.png", self.picture),
            web.get("/alert/{id}", self.page),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The page of an alert."""
        return await self._answer(request, HTML, alert_page)

    async def picture(self, request: web.Request) -> web.Response:
        """The picture of an alert."""
        try:
            return await self._answer(request, PNG, picture)
        except ExtraMissing as error:
            raise Refusal(501, f"no pictures here: {error}") from None

    async def _answer(
        self, request: web.Request, kind: str, draw: Callable[[AlertStory], bytes]
    ) -> web.Response:
        alert_id = request.match_info["id"]
        well_formed = _ID.fullmatch(alert_id) is not None
        body = None
        if well_formed:
            body = await self._work.run(lambda: self._made(alert_id, kind, draw))
        if body is not None:
            return bytes_answer(request, body, kind)
        live = well_formed and self._is_live(alert_id)
        missing = no_alert_page(alert_id, well_formed=well_formed, live=live)
        return web.Response(status=404, body=missing, content_type=HTML, charset="utf-8")

    def _made(self, alert_id: str, kind: str, draw: Callable[[AlertStory], bytes]) -> bytes | None:
        place = self._index.find(alert_id)
        alert = kept_alert(self._folder, place) if place else None
        if place is None or alert is None:
            return None
        review, neighbours = self._review_of(alert_id), self._index.around(place)
        key = (alert_id, kind, self._signature(place, alert), neighbours, review)
        with self._turn:
            body = self._kept.get(key)
            if body is None:
                body = draw(story_of(self._folder, alert, self._models, neighbours, review))
                self._kept.put(key, body)
        return body

    def _signature(self, place: AlertPlace, alert: KeptAlert) -> Signature:
        """The files of the days around an alert."""
        start_ms, end_ms = span_around(alert)
        return self._folder.files_within(TOPICS, place.station, start_ms, end_ms + DAY_MS)
