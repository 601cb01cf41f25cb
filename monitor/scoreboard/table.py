"""From a book to the scoreboard of any time: the same book and time give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from geofield.earthquakes.revisions import EarthquakeRevision, settled_earthquakes
from geofield.indices import KP
from geofield.scoreboard.alarms import DeclaredAlarms, declared
from geofield.scoreboard.board import score_board
from geofield.scoreboard.protocol import ScoreProtocol
from geofield.scoreboard.trial import Known, ScoreInputs, near_earthquakes
from geofield.scoreboard.verdict import board_verdict
from geofield.utc import HOUR_MS, utc
from monitor.errors import Refused
from monitor.records.indices import decode_indices
from monitor.records.quakes import decode_quake, revision_of
from monitor.records.scoreboards import CatalogueState, ScoreboardDocument
from monitor.scoreboard.book import ScoreBook
from monitor.scoreboard.rows import document


def scoreboard(book: ScoreBook, at_ms: int) -> ScoreboardDocument:
    """The scoreboard at a time, from what was known then.

    Raises
    ------
    Refused
        If the registration was not published before its start, or a record that counts was not
        dated by the broker, or nothing is settled yet.
    """
    book.check()
    rules = book.protocol
    hours = rules.scored_hours(at_ms)
    if hours < 1:
        first_ms = rules.start_ms + HOUR_MS + max(rules.settle_ms, rules.delay_ms)
        raise Refused(f"nothing is settled yet: the first hour is at {utc(first_ms)}")
    alarms = _alarms(book, rules, at_ms)
    revisions = _revisions(book, at_ms)
    quakes = settled_earthquakes(revisions, rules.settle_ms, at_ms)
    inputs = ScoreInputs(
        alarms=alarms.alarms,
        earthquakes=quakes,
        near=near_earthquakes(rules, quakes),
        windows=_windows(book, rules, hours),
        kp=_kp(book, at_ms),
        ratios=book.known_ratios(),
    )
    board = score_board(rules, inputs, hours)
    verdict = board_verdict(rules, inputs, board)
    state = _state(revisions, len(quakes))
    return document(book, at_ms, board, verdict, state, _notes(book, alarms))


def _alarms(book: ScoreBook, rules: ScoreProtocol, at_ms: int) -> DeclaredAlarms:
    return declared(
        book.alert_versions(at_ms),
        stations=[one.site.station for one in rules.stations],
        classes=rules.classes,
        model_sha256=book.registered.record.model.sha256,
        since_ms=rules.start_ms,
        lead_hours=rules.lead_hours,
    )


def _revisions(book: ScoreBook, at_ms: int) -> list[EarthquakeRevision]:
    """Revisions known at a time; what was published later than it says was known later."""
    revisions = []
    for record in book.records["quakes"]:
        revision = revision_of(decode_quake(record.value.encode()))
        if not book.rehearsal:
            known_ms = max(revision.known_ms, record.published_ms)
            revision = replace(revision, known_ms=known_ms)
        if revision.known_ms <= at_ms:
            revisions.append(revision)
    return revisions


def _windows(book: ScoreBook, rules: ScoreProtocol, hours: int) -> NDArray[np.integer]:
    first = rules.start_ms // HOUR_MS - rules.before_hours
    windows = np.zeros((len(rules.stations), rules.before_hours + hours), dtype=np.int64)
    rows = {one.site.station: row for row, one in enumerate(rules.stations)}
    for (station, hour), bits in book.windows.items():
        column = hour - first
        if 0 <= column < windows.shape[1]:
            windows[rows[station], column] = bits.bit_count()
    return windows


def _kp(book: ScoreBook, at_ms: int) -> Known | None:
    """Kp as it became known; None if there is none."""
    known = [
        (value.known_ms, value.value)
        for record in book.records["indices"]
        if book.rehearsal or record.published_ms <= at_ms
        for value in decode_indices(record.value.encode())
        if value.index == KP and value.known_ms <= at_ms
    ]
    return known or None


def _state(revisions: Iterable[EarthquakeRevision], settled: int) -> CatalogueState:
    lines = sorted(
        f"{' '.join(revision.ids)} {revision.known_ms} {revision.updated_ms}"
        for revision in revisions
    )
    newest_ms = max((revision.known_ms for revision in revisions), default=None)
    return CatalogueState(
        revisions=len(lines),
        newest=None if newest_ms is None else utc(newest_ms),
        sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        settled=settled,
    )


def _notes(book: ScoreBook, alarms: DeclaredAlarms) -> list[str]:
    notes = []
    if book.rehearsal:
        notes.append(
            "REHEARSAL: event times of records stand for their times of publication. Nothing here "
            "was written down before, and the verdict counts for nothing."
        )
    if alarms.other_models:
        notes.append(f"{alarms.other_models} alerts of other models are left out.")
    if alarms.incomplete:
        names = ", ".join(alarms.incomplete)
        notes.append(
            f"The first version of these alerts is not there any more; they count from the oldest "
            f"that is: {names}."
        )
    return notes
