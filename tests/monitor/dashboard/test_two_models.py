"""A page with two models: a station has an entry for each, and alerts of both are in one list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace as replace_struct

from archive.recording import Recording
from geofield.indices import IndexHistory
from geofield.step import step
from geofield.utc import HOUR_MS
from monitor.assembly import assemble_all, model_paths
from monitor.dashboard.board import Board
from monitor.dashboard.feed import Feed
from monitor.dashboard.models import ShownModels, shown_models
from monitor.dashboard.serve import new_board
from monitor.dashboard.showable import RefusedRecord, Unshowable
from monitor.records.sample_encoder import encode_samples
from monitor.records.scores_and_alerts import encode_alert, encode_score
from monitor.settings import Settings, load_settings
from tests.geofield.builders import START_MS, field_nt, rules, samples, spread
from tests.monitor.feeds import calibrated

NOW_MS = START_MS + HOUR_MS


class Page:
    """A board and its feed, as the page of a worker with two models has them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.settings: Settings = load_settings(profiles=folder, model="ulf-1hz,minute-teo")
        assemblies = assemble_all(self.settings)
        self.models: ShownModels = shown_models(assemblies)
        self.board: Board = new_board(self.settings, assemblies[0], self.models)
        accepts = assemblies[0].accepts
        self.feed = Feed(self.settings, accepts, self.board, lambda: NOW_MS, self.models)

    def take(self, topic: str, key: str, value: bytes) -> None:
        record: Any = SimpleNamespace(
            topic=self.settings.topic(topic),
            partition=0,
            offset=0,
            timestamp=NOW_MS,
            timestamp_type=0,
            key=key.encode(),
            value=value,
            headers=(),
        )
        self.feed._take[record.topic](record, NOW_MS)

    def samples(self, station: str, cadence_ms: int) -> None:
        elements = dict(zip("HEZ", field_nt(30).T, strict=True))
        recording = Recording(station, START_MS, cadence_ms, elements)
        self.take("samples", station, encode_samples(recording))


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path / "profiles")


def test_a_station_has_an_entry_for_each_cadence_that_it_sends(page: Page) -> None:
    page.samples("WIC", 1000)
    page.samples("WIC", 60_000)
    page.samples("HON", 1000)
    views = page.board.everything(NOW_MS).stations
    assert [view.code for view in views] == ["HON.ulf-1hz", "WIC.minute-teo", "WIC.ulf-1hz"]
    field = {code: station.field.cadence_ms for code, station in page.board.stations.items()}
    assert field["WIC.minute-teo"] == 60_000
    assert field["WIC.ulf-1hz"] == 1000


def test_a_cadence_of_no_model_is_not_shown_and_says_why(page: Page) -> None:
    with pytest.raises(Unshowable, match=r"cadence PT5S is not a model's: 1 s or 60 s"):
        page.samples("WIC", 5000)


def published(name: str) -> tuple[list[bytes], list[bytes]]:
    """Scores and alerts of a loud WIC by a model of this name, as on the topics."""
    setup = rules("WIC")
    setup = replace(setup, model=replace(setup.model, name=name))
    values_nt = field_nt(400)
    values_nt[100:] += 30 * np.sin(np.arange(300))[:, None]
    _, outcome = step({}, [samples(values_nt)], spread, setup, IndexHistory())
    scores = [encode_score(score, setup.model) for score in outcome.scores]
    return scores, [encode_alert(alert) for alert in outcome.alerts]


def test_scores_are_in_the_entry_of_their_model_and_alerts_in_one_list(page: Page) -> None:
    for name in ("ulf-1hz", "minute-teo"):
        scores, alerts = published(name)
        for value in scores:
            page.take("scores", "WIC", value)
        page.take("alerts", "x", alerts[0])
    shown = page.board.everything(NOW_MS)
    assert {view.code: view.state.value for view in shown.stations} == {
        "WIC.minute-teo": "alert",
        "WIC.ulf-1hz": "alert",
    }
    assert [alert.station for alert in shown.alerts] == ["WIC.ulf-1hz", "WIC.minute-teo"]


def test_scores_of_another_model_are_not_shown(page: Page) -> None:
    with pytest.raises(Unshowable, match="model 'old' is none of this page's"):
        page.take("scores", "WIC", published("old")[0][0])


def test_a_refusal_is_shown_at_every_entry_of_its_station(page: Page) -> None:
    page.samples("WIC", 1000)
    page.samples("WIC", 60_000)
    refused = RefusedRecord("WIC", "off-grid", "stamped otherwise")
    page.board.take_refusal(refused, NOW_MS)
    page.board.take_refusal(replace_struct(refused, key="HON"), NOW_MS)
    refusals = {code: station.refused for code, station in page.board.stations.items()}
    assert refusals.keys() == {"WIC.ulf-1hz", "WIC.minute-teo", "HON.ulf-1hz"}
    assert None not in refusals.values()


def test_each_entry_is_drawn_by_its_model_and_profile(page: Page, tmp_path: Path) -> None:
    folder = page.settings.profiles
    assert folder is not None
    for path in model_paths(page.settings):
        calibrated(tmp_path / path.stem, path, "WIC", 1.5)
        (tmp_path / path.stem / "WIC.json").rename(folder / f"WIC.{path.stem}.json")
    models = shown_models(assemble_all(page.settings))
    for name in ("ulf-1hz", "minute-teo"):
        found = models.behind(f"WIC.{name}", NOW_MS)
        assert found is not None
        model, profile = found
        assert model.manifest.name == name
        assert profile is not None
        assert profile.model_sha256 == model.manifest.sha256
    assert models.codes() == {"WIC.ulf-1hz", "WIC.minute-teo"}
    assert models.behind("WIC", NOW_MS) is None
