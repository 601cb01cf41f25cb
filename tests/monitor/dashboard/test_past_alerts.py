"""The page and the picture of an alert over HTTP."""

from __future__ import annotations

import re
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from archive.model import Model, default_model_path, load_model
from archive.profile import load_profile
from monitor.dashboard.past.alert_words import duration, indices, neighbours
from monitor.dashboard.past.html import tag
from monitor.dashboard.past.plot import axis_of
from monitor.dashboard.past.review import review_section
from monitor.dashboard.reviews import ReviewView
from monitor.records.scores_and_alerts import RemoteFields
from tests.monitor.dashboard.builders import alert, alert_data, board
from tests.monitor.dashboard.kept import DAY, FIRST, SECOND, history
from tests.monitor.dashboard.network import Served, served
from tests.monitor.feeds import calibrated

LIVE, UNKNOWN = "c" * 32, "d" * 32


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_model_path())


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("alerts")
    calibrated(folder / "profiles", default_model_path(), "WIC", threshold=1.5)
    profile = load_profile(folder / "profiles" / "WIC.json")
    shown = board()
    shown.take_alert(alert(name=LIVE))
    with served(shown, model, history(folder / "history", model), {"WIC": (profile,)}) as running:
        yield running


def asked(running: Served, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(running.url + path, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.fixture(scope="module")
def page(past: Served) -> str:
    status, body = asked(past, f"/alert/{FIRST}")
    assert status == 200
    return body.decode()


def test_the_page_says_what_the_record_says(page: str) -> None:
    for words in (
        "Alert at WIC, 2024-05-09 00:50:00 UTC",
        "4.00, threshold 1.50",
        "Kp not known",
        "not decided",
        "H 30%, E 10%, Z 60%",
        "does not predict earthquakes",
        FIRST,
    ):
        assert words in page


def test_text_of_a_record_is_no_markup(page: str) -> None:
    assert "Model: &lt;b&gt;no&lt;/b&gt; skill shown" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert " style=" not in page


def test_field_reconstruction_and_score_are_drawn(page: str) -> None:
    assert page.count("<figure") == 7
    assert page.count('class="line rebuilt"') == 3
    for path in re.findall(r'<path d="([^"]*)" class="line ', page):
        assert path.count("L") > 10
    # the burst of 3 nT is in the band-passed field
    described = re.findall(r'aria-label="H, magnetic north: from (\S+) to (\S+) nT"', page)
    assert float(described[1][1]) > 2


def test_all_versions_are_listed(page: str) -> None:
    rows = re.findall(r"<tr><td>(\d+)</td>.*?</tr>", page)
    assert rows == ["1", "2"]


def test_alerts_lead_to_each_other_and_to_their_day(past: Served, page: str) -> None:
    assert f'href="{SECOND}" rel="next"' in page
    assert "Previous" not in page
    assert f'href="../station/WIC/{DAY}"' in page
    assert f'href="{FIRST}" rel="prev"' in asked(past, f"/alert/{SECOND}")[1].decode()


def test_a_model_that_the_page_lacks_is_named(past: Served) -> None:
    page = asked(past, f"/alert/{SECOND}")[1].decode()
    assert "It was found by ulf-1hz 2.0.0 (c0ffee000000), which this page does not have" in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (LIVE, "is on the live page and not in the history yet"),
        (UNKNOWN, f"The history has no alert {UNKNOWN}."),
        ("a1", "has 32 hexadecimal digits"),
        ("..%2f..%2fetc", "has 32 hexadecimal digits"),
        ("%3Cb%3E", "has 32 hexadecimal digits"),
    ],
)
@pytest.mark.parametrize("ending", ["", ".png"])
def test_an_alert_that_is_not_kept_is_said_to_be_none(
    past: Served, name: str, words: str, ending: str
) -> None:
    status, body = asked(past, f"/alert/{name}{ending}")
    assert status == 404
    assert words in body.decode()


def test_the_picture_is_a_png_and_always_the_same(past: Served) -> None:
    status, body = asked(past, f"/alert/{FIRST}.png")
    assert status == 200
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", body[16:24]) == (1100, 1012)
    assert asked(past, f"/alert/{FIRST}.png") == (status, body)


def test_an_alert_that_comes_later_is_found(past: Served, model: Model, tmp_path: Path) -> None:
    folder = history(tmp_path / "history", model)
    hidden = next(folder.glob(f"alerts/station=WIC/day={DAY}"))
    hidden.rename(tmp_path / "hidden")
    with served(board(), model, folder) as running:
        assert asked(running, f"/alert/{FIRST}")[0] == 404
        (tmp_path / "hidden").rename(hidden)
        for _ in range(40):
            if asked(running, f"/alert/{FIRST}")[0] == 200:
                break
            time.sleep(0.1)
        assert asked(running, f"/alert/{FIRST}")[0] == 200


def test_words_of_records() -> None:
    assert neighbours(RemoteFields(3, 2, 1)) == "1 of 2 far stations disturbed too"
    assert neighbours(RemoteFields(3, 0, 0)) == "none of 3 far stations has scores then"
    assert neighbours(RemoteFields(0, 0, 0)) == "no station is far enough away"
    assert [duration(s * 1000) for s in (8, 240, 12_000, 187_200)] == [
        "8 s", "4 min", "3 h 20 min", "2 d 4 h",
    ]  # fmt: skip
    data = msgspec.structs.replace(
        alert_data(), kp_highest=4.3, dst_lowest_nt=-51.0, indices={"hp30": 5.0}
    )
    assert indices(data) == "Kp up to 4.3, Dst down to -51 nT, hp30 5"


def test_a_review_has_its_place() -> None:
    section = review_section(ReviewView("a" * 32, "man-made", "seen at the fence", "<i>Ann</i>", 0))
    assert section is not None
    assert "man-made" in section
    assert "&lt;i&gt;Ann&lt;/i&gt;" in section
    assert review_section(None) is None


@pytest.mark.parametrize(
    ("values", "log", "labels"),
    [
        ([21_005.0, 21_044.0], False, ("21,000", "21,025", "21,050")),
        ([-8.0, 38.0], False, ("\N{MINUS SIGN}40", "0", "40")),
        ([-0.81, 0.8], False, ("\N{MINUS SIGN}1", "0", "1")),
        ([43_861.93, 43_863.9], False, ("43,861.5", "43,863.0", "43,864.5")),
        ([5.0, 5.0], False, None),
        ([], False, None),
        ([0.2, 30.0], True, ("0.10", "3.2", "100")),
        ([2.0, 2.0], True, None),
    ],
)
def test_an_axis_has_all_values_between_round_ends(
    values: list[float], log: bool, labels: tuple[str, str, str] | None
) -> None:
    axis = axis_of(values, log)
    assert axis.low < axis.high
    heights = axis.y(np.array(values))
    assert ((heights >= 0) & (heights <= 120)).all()
    assert labels in (None, axis.labels)


def test_attributes_are_escaped() -> None:
    assert tag("a", "<", href='"><script>') == ('<a href="&quot;&gt;&lt;script&gt;">&lt;</a>')
