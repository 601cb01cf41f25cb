"""The addresses of the past."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from monitor.dashboard.past.alert_site import AlertSite
from monitor.dashboard.past.day_site import DaySite
from monitor.dashboard.past.folder import HistoryFolder
from monitor.dashboard.past.models import PastModels
from monitor.dashboard.past.review import ReviewOf, no_review
from monitor.dashboard.past.work import PageWork


def past_routes(
    folder: HistoryFolder,
    models: PastModels,
    is_live: Callable[[str], bool],
    review_of: ReviewOf = no_review,
) -> list[web.RouteDef]:
    """Routes of all pages about the past; see `AlertSite` for the parameters."""
    work = PageWork()
    return [
        *DaySite(folder, models, work).routes(),
        *AlertSite(folder, models, work, is_live, review_of).routes(),
    ]
