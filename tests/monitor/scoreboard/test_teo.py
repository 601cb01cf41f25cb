"""Teoloyucan 2014-2016 replayed as if live: the table is what `magwatch evaluate` says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np
import pytest

from archive.catalogue import Catalogue, read_catalogue
from archive.model import load_model
from archive.observatory import read_archive
from archive.shipped import find_model
from geofield.alerts.alert import Alert
from geofield.earthquakes.types import Site
from geofield.scoreboard.molchan import molchan
from geofield.scoring.score import Errors, WindowScore
from geofield.types import Float32
from geofield.utc import DAY_MS, time_ms
from monitor.records.registrations import ProtocolTable, registration
from monitor.records.scores_and_alerts import encode_alert, encode_scores, model_fields
from monitor.scoreboard.book import ScoreBook
from monitor.scoreboard.reading import PublishedRecord
from monitor.scoreboard.registering import Registered
from monitor.scoreboard.table import scoreboard
from tests.data import shared_data
from tests.monitor.scoreboard.builders import quake_record
from training.evaluation.contestants import fitted
from training.evaluation.data_split import divided
from training.evaluation.earthquakes import on_earthquakes
from training.labels.selection import select
from training.recipe.recipe import load_recipe, shipped_recipe
from training.results import Labelled

SITE = Site("TEO", 19.746, -99.193)
CALIBRATED, JUDGED = ["2008-01-01/2008-12-31"], ["2014-01-01/2016-12-31"]
AT_MS = time_ms("2017-02-15")
DAYS = 7.0


@dataclass(frozen=True)
class Replay:
    """What `magwatch evaluate` says, and the scores and alerts that it rests on."""

    labelled: Labelled
    scores: list[WindowScore]
    opened: list[Alert]
    book: ScoreBook
    catalogue: Catalogue


pytestmark = pytest.mark.timeout(900)  # three years, every window judged as at a worker


@pytest.fixture(scope="module")
def replay() -> Replay:
    folder = shared_data()
    model = load_model(find_model("minute-teo"))
    recipe = load_recipe(shipped_recipe("minute-teo.toml"))
    recording = read_archive([folder / "TEO_1min_2002-2016.parquet"])
    samples = recording.samples(recording.reference_declination_deg())
    split = divided(samples, CALIBRATED, JUDGED, model.manifest.window, recipe)
    contestants = fitted(model, {}, split, 4.348, lambda _: None)
    method = contestants.methods[0]
    profile, errors = contestants.profiles[method.name], list[Errors]()

    def kept(field_nt: Float32, scale_nt: Float32) -> Errors:
        errors.append(method.reconstruct(field_nt, scale_nt))
        return errors[-1]

    scores, opened = split.stream.watch(replace(method, reconstruct=kept), split.judged, profile)
    again = iter(errors)  # the same windows come in the same order
    known = replace(method, reconstruct=lambda *_: next(again))
    alone = replace(contestants, methods=[known])
    catalogue = read_catalogue(folder / "earthquakes_unified_2000_2023.csv.gz")
    rules = msgspec.structs.replace(recipe.verdict, beat=[])
    labelled = on_earthquakes(
        alone, split, msgspec.structs.replace(recipe, verdict=rules), catalogue, SITE, lambda: None
    )
    hop_s = split.stream.window.hop_ms / 1000
    table = msgspec.convert(
        {
            "name": "teo",
            "start": "2014-01-01",
            "classes": ["data-quality", "space-weather", "global", "local", "unknown"],
            "alarm_days": DAYS,
            "coverage_min": 0.0,
            "earthquakes": {
                "radius": recipe.labels.radius,
                "radius_km": recipe.labels.radius_km,
                "magnitude_min": recipe.labels.magnitude_min,
            },
            "stations": {"TEO": {"latitude": 19.746, "longitude": -99.193}},
            "success": {"min_events": 20, "beat": ["random"]},
        },
        ProtocolTable,
    )
    own = Registered(
        registration(table, model_fields(opened[0].model), hop_s), time_ms("2013-12-01"), True
    )
    book = ScoreBook(own)
    for window, value in zip(scores, encode_scores(scores, opened[0].model), strict=True):
        book.take("scores", PublishedRecord(window.decided_ms, True, value.decode()))
    for alert in opened:
        book.take("alerts", PublishedRecord(alert.decided_ms, True, encode_alert(alert).decode()))
    for quake in catalogue.earthquakes:
        if time_ms("2013-06-01") < quake.time_ms < AT_MS:
            depth_km = None if np.isnan(quake.depth_km) else quake.depth_km
            book.take("quakes", quake_record(quake, depth_km=depth_km))
    return Replay(labelled, scores, opened, book, catalogue)


def test_the_table_has_the_alarms_of_evaluate_one_by_one(replay: Replay) -> None:
    made = scoreboard(replay.book, AT_MS)
    method = replay.labelled.methods[0]  # beside Kp alone
    assert made.together.alarms == method.alarms == len(replay.opened)
    assert method.alarms > 20
    told = {(one.alert_id, one.published) for one in made.alarms}
    assert {one for one, _ in told} == {alert.id for alert in replay.opened}
    hours = np.array([time_ms(one.published) for one in made.alarms]) / 3_600_000 - 99.193 / 15
    assert np.bincount(np.floor(hours).astype(int) % 24, minlength=24).tolist() == (
        method.alarm_hours
    )


def test_the_earthquakes_are_those_of_evaluate(replay: Replay) -> None:
    made = scoreboard(replay.book, AT_MS)
    recipe = load_recipe(shipped_recipe("minute-teo.toml"))
    begin_ms, end_ms = time_ms(made.scored_from), time_ms(made.scored_until)
    selected = select(replay.catalogue, SITE, recipe.labels).events
    scored = np.array([one.decided_ms for one in replay.scores if one.score is not None])
    with_data = {
        quake.event_id
        for quake in selected
        if begin_ms <= quake.time_ms < end_ms
        and ((scored <= quake.time_ms) & (scored > quake.time_ms - DAYS * DAY_MS)).any()
    }
    assert {one.id for one in made.earthquakes} == with_data
    assert len(with_data) == 7


def test_the_point_is_that_of_evaluates_molchan_diagram(replay: Replay) -> None:
    made = scoreboard(replay.book, AT_MS)
    begin_ms, end_ms = time_ms(made.scored_from), time_ms(made.scored_until)
    alarms = {alert.decided_ms for alert in replay.opened}
    windows = [one.decided_ms for one in replay.scores if one.score is not None]
    at_ms = np.array([one for one in windows if one < end_ms])
    levels = np.array([1.0 if one in alarms else 0.0 for one in at_ms.tolist()])
    origins_ms = np.array([time_ms(one.time) for one in made.earthquakes])
    assert begin_ms <= at_ms[0]
    curve = molchan(at_ms, levels, origins_ms, round(DAYS * DAY_MS))
    assert made.together.events == curve.events
    assert made.together.miss_share == pytest.approx(curve.miss_share[1], abs=1e-6)
    # there time is the ends of windows, here also the hours of gaps that windows before them reach
    assert made.together.alarm_share == pytest.approx(curve.alarm_share[1], abs=0.03)
    assert made.verdict.words == "not yet decidable: 7 events of 20 needed"
