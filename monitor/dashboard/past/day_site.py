"""Addresses of days: pages and JSON."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from geofield.series.samples import STATION_CODE
from geofield.utc import DAY_MS
from monitor.dashboard.answers import Refusal, bytes_answer, whole_number
from monitor.dashboard.past.day import PastDay, past_day, quarters_ms
from monitor.dashboard.past.day_page import day_form, day_page, missing_page
from monitor.dashboard.past.folder import (
    TOPICS,
    HistoryFolder,
    Signature,
    day_ms,
    days_of_year,
    neighbours,
    year_of,
)
from monitor.dashboard.past.models import PastModels, declination_deg
from monitor.dashboard.past.summary import Summaries
from monitor.dashboard.past.work import KeptBodies, PageWork
from monitor.dashboard.past.year_page import year_page

HTML, JSON = "text/html", "application/json"
PAGE_PIXELS = 900
PIXELS = (50, 4000)


class NotKept(Exception):
    """The history does not have what was asked for; the message says what it has."""


class DaySite:
    """Answers about the days of a history."""

    def __init__(self, folder: HistoryFolder, models: PastModels, work: PageWork) -> None:
        self._folder, self._models = folder, models
        self._work, self._kept = work, KeptBodies()
        self._summaries = Summaries(folder)

    def routes(self) -> list[web.RouteDef]:
        """The addresses that are answered."""
        return [
            web.get("/api/past/{code}/{day}", self.day_json),
            web.get("/station/{code}", self.station),
            web.get("/station/{code}/{when}", self.when),
        ]

    async def day_json(self, request: web.Request) -> web.Response:
        """A day as JSON."""
        code, day, midnight_ms = _day_of(request, "day")
        span_ms = (midnight_ms, midnight_ms + DAY_MS)
        pixels = whole_number(request, "pixels", PAGE_PIXELS, PIXELS)
        try:
            made = await self._day(
                code,
                day,
                (JSON, pixels),
                lambda: msgspec.json.encode(self._read(code, day, span_ms, pixels)),
            )
        except NotKept as missing:
            raise Refusal(404, str(missing)) from None
        return bytes_answer(request, made, JSON)

    async def station(self, request: web.Request) -> web.Response:
        """The newest day of a station, or the one that was chosen."""
        code = _code_of(request)
        day = request.query.get("day")
        if day is None:
            days = await self._work.run(lambda: self._folder.all_days(code))
            if not days:
                return self._missing(request, code, await self._what_is_kept(code), "../")
            day = days[-1]
        if day_ms(day) is None:
            raise Refusal(400, "day must be a date such as 2026-01-04")
        return web.Response(status=302, headers={"Location": f"{code}/{day}"})

    async def when(self, request: web.Request) -> web.Response:
        """The page of a day, or of a year."""
        if (year := year_of(request.match_info["when"])) is not None:
            return await self._year(request, _code_of(request), year)
        code, day, midnight_ms = _day_of(request, "when")
        number = whole_number(request, "part", 0, (0, 4))
        spans_ms = [(midnight_ms, midnight_ms + DAY_MS), *quarters_ms(midnight_ms)]

        def made() -> bytes:
            shown = self._read(code, day, spans_ms[number], PAGE_PIXELS)
            days = neighbours(self._folder.all_days(code), day)
            return day_page(shown, midnight_ms, days)

        try:
            body = await self._day(code, day, (HTML, number), made)
        except NotKept as missing:
            return self._missing(request, code, str(missing), "../../")
        return bytes_answer(request, body, HTML)

    async def _year(self, request: web.Request, code: str, year: int) -> web.Response:
        def made() -> bytes | None:
            years = sorted({int(day[:4]) for day in self._folder.all_days(code)})
            if year not in years:
                return None
            days = self._summaries.of(code, days_of_year(year))
            return year_page(code, year, days, years)

        body = await self._work.run(made)
        if body is None:
            return self._missing(request, code, await self._what_is_kept(code, str(year)), "../../")
        return bytes_answer(request, body, HTML)

    async def _day(
        self, code: str, day: str, what: tuple[str, int], make: Callable[[], bytes]
    ) -> bytes:
        """An answer about a day, made anew where its files are others than the last time."""

        def made() -> bytes:
            key = (code, day, what, self._signature(code, day))
            body = self._kept.get(key)
            if body is None:
                body = make()
                self._kept.put(key, body)
            return body

        return await self._work.run(made)

    def _signature(self, code: str, day: str) -> Signature:
        """The files of a day and of the one before, whose windows and alerts reach into it."""
        midnight_ms = day_ms(day) or 0
        return self._folder.files_within(TOPICS, code, midnight_ms, midnight_ms + DAY_MS)

    def _read(self, code: str, day: str, span_ms: tuple[int, int], pixels: int) -> PastDay:
        turned_deg = declination_deg(self._models, code)
        made = past_day(self._folder, code, day, span_ms, turned_deg, pixels)
        if made.empty and day not in self._folder.all_days(code):
            raise NotKept(self._kept_words(code, day))
        return made

    async def _what_is_kept(self, code: str, when: str | None = None) -> str:
        return await self._work.run(lambda: self._kept_words(code, when))

    def _kept_words(self, code: str, when: str | None = None) -> str:
        days = self._folder.all_days(code)
        if days:
            before, after = neighbours(days, when or days[0])
            near = " and ".join(one for one in (before, after) if one)
            nearest = f"; the nearest are {near}" if near else ""
            return (
                f"history has nothing of {code} for {when}: it has {len(days):,} days from "
                f"{days[0]} to {days[-1]}{nearest}"
            )
        stations = self._folder.stations()
        has = ", ".join(stations[:100]) or "nothing yet: `magwatch history` writes it"
        return f"history has nothing of {code}; it has {has}"

    def _missing(self, _: web.Request, code: str, words: str, up: str) -> web.Response:
        body = missing_page(
            f"Not kept of {code}", up, f"{words[:1].upper()}{words[1:]}.",
            day_form(f"{up}station/{code}", ""),
        )  # fmt: skip
        return web.Response(status=404, body=body, content_type=HTML, charset="utf-8")


def _code_of(request: web.Request) -> str:
    code = request.match_info["code"]
    if not STATION_CODE.fullmatch(code):
        raise Refusal(404, "no such station: a code has three or four capitals and digits")
    return code


def _day_of(request: web.Request, name: str) -> tuple[str, str, int]:
    code, day = _code_of(request), request.match_info[name]
    midnight_ms = day_ms(day)
    if midnight_ms is None:
        raise Refusal(404, "no such day: a date is written as 2026-01-04")
    return code, day, midnight_ms
