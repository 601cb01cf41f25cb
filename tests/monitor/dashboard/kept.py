"""A history of two stations and two days, with alerts, for pages about the past."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from archive.model import Model
from geofield.utc import DAY_MS
from monitor.history.store import FolderStore
from monitor.records.scores_and_alerts import AlertData, PromiseFields, model_fields
from tests.monitor.dashboard.builders import NOW_MS, alert_data, event, score_record
from tests.monitor.feeds import station
from tests.monitor.history.stores import record, sample_record, written

DAY, NEXT_DAY = "2024-05-09", "2024-05-10"
BURST = slice(3000, 4500)
FIRST, SECOND = "a" * 32, "b" * 32
GAP = slice(6000, 6600)


def history(folder: Path, model: Model, *more: tuple[str, Any]) -> Path:
    """Two hours of WIC with a gap, their scores, and an alert in them; one more a day later.

    The records `more` come last, with their topics.
    """
    feed = station("WIC", 120, seed=1, burst=BURST)
    for values in feed.elements.values():
        values[GAP] = np.nan
    records = [("samples", sample_record(part)) for part in feed.records(3600)]
    for number in range(5, 112):
        over = BURST.start < number * 64 - 128 < BURST.stop
        score = msgspec.structs.replace(
            score_record("WIC", number, 4.0 if over else 0.5),
            promise=PromiseFields(12.5, 0.4, 0, kept=True),
        )
        records.append(("scores", record(msgspec.json.encode(score))))
    records += [("alerts", record(msgspec.json.encode(event(one)))) for one in alerts(model)]
    written(FolderStore(folder), *records, *more)
    return folder


def alerts(model: Model) -> list[AlertData]:
    """Versions of two alerts, the second a day later and of a model that the page lacks."""
    end_ms = NOW_MS + BURST.stop * 1000
    known = {"model": model_fields(model.ref), "start": "2024-05-09T00:50:00Z"}
    opened = alert_data("WIC", FIRST, 1, "open", end_ms, skill="<b>no</b> skill shown")
    closed = alert_data("WIC", FIRST, 2, "resolved", end_ms, "local", skill=opened.skill)
    later = alert_data("WIC", SECOND, 3, "resolved", end_ms + DAY_MS, "space-weather")
    return [*(msgspec.structs.replace(one, **known) for one in (opened, closed)), later]
