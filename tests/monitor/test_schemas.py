"""The JSON Schemas are those of the code, and real output and the documented examples keep them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from archive.kp import kp_intervals
from archive.profile import save_profile
from archive.recording import Recording
from geofield.alerts.alert import ModelRef
from geofield.indices import DST, KP, IndexHistory, IndexInterval, IndicesKnown
from geofield.scoring.score import PromiseCount, Quality, Score, WindowScore
from monitor.assembly import assemble
from monitor.offline.score import score_recordings
from monitor.records.indices import encode_index
from monitor.records.sample_encoder import encode_samples
from monitor.records.schema import DRAFT, FOLDER, RECORDS, encoded
from monitor.records.scores_and_alerts import encode_alert, encode_score
from monitor.settings import load_settings
from tests.data import CHECKOUT
from tests.monitor.feeds import START_MS, calibrated, station

DOCUMENT = CHECKOUT / "docs" / "records.md"


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((FOLDER / f"{name}.json").read_text()))


def complaints(name: str, value: bytes | Any) -> list[str]:
    record = json.loads(value) if isinstance(value, bytes) else value
    return [error.message for error in validator(name).iter_errors(record)]


@pytest.mark.parametrize("name", RECORDS)
def test_the_files_are_current_and_are_schemas(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_bytes()
    assert text == encoded(name), "run `python -m monitor.records.schema`"
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DRAFT
    assert schema["$id"].startswith(f"urn:magwatch:schema:{name}:")
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RECORDS)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """Scores and alerts of a gap, a burst that two distant stations share, and a broken sensor."""
    folder = tmp_path_factory.mktemp("profiles")
    model_path = CHECKOUT / "exports" / "ulf-1hz.onnx"
    recordings = [
        station("WIC", 100, seed=1, burst=slice(1500, 2700)),
        station("HON", 100, seed=2, burst=slice(1500, 2700)),
        broken(station("HER", 100, seed=3, burst=slice(1500, 2700))),
        station("NEW", 30, seed=4),
    ]
    for code, position_deg in {"WIC": (48, 16), "HON": (21, -158), "HER": (-34, 19)}.items():
        profile = calibrated(folder, model_path, code, threshold=1.5)
        save_profile(replace(profile, position_deg=position_deg), folder)
    kp = IndexInterval(KP, START_MS, START_MS + 10_800_000, START_MS + 10_800_000, 2.0)
    dst = IndexInterval(DST, START_MS, START_MS + 3_600_000, START_MS, -12.0)
    assembly = assemble(load_settings(profiles=folder, model=model_path))
    outcomes = list(score_recordings(recordings, assembly, IndexHistory((kp, dst))))
    model = assembly.rules.model
    return {
        "score": [encode_score(score, model) for one in outcomes for score in one.scores],
        "alert": [encode_alert(alert) for one in outcomes for alert in one.alerts],
    }


def broken(recording: Recording) -> Recording:
    """Steps of 13 nT all through the burst, and a gap after it."""
    for number, begin in enumerate(range(1400, 2800, 100)):
        recording.elements["H"][begin : begin + 100] += 13.0 * (number % 2)
    recording.elements["H"][4000:4200] = float("nan")
    return recording


@pytest.mark.parametrize("name", ["score", "alert"])
def test_real_output_keeps_its_schema_and_has_every_field(
    output: dict[str, list[bytes]], name: str
) -> None:
    records = [json.loads(value) for value in output[name]]
    assert records
    for record in records:
        assert complaints(name, record) == []
        schema = json.loads((FOLDER / f"{name}.json").read_text())["$defs"]
        without = {"promise"} if name == "score" else set()  # no profile was refitted
        assert set(record) | without == set(schema[RECORDS[name][0].__name__]["properties"])


def test_the_output_that_is_tested_has_all_kinds(output: dict[str, list[bytes]]) -> None:
    scores = [json.loads(value) for value in output["score"]]
    alerts = [json.loads(value) for value in output["alert"]]
    assert {one["quality"] for one in scores} == {"ok", "insufficient", "calibrating"}
    assert {fault["fault"] for one in scores for fault in one["trouble"]} >= {"step"}
    assert {one["data"]["status"] for one in alerts} == {"open", "resolved", "cancelled"}
    last = {one["subject"]: one["data"] for one in alerts}
    assert {code: data["classification"] for code, data in last.items()} == {
        "WIC": "global",
        "HON": "global",
        "HER": "data-quality",
    }
    assert last["HER"]["status"] == "cancelled"


def test_what_goes_into_the_topics_keeps_its_schema() -> None:
    for elements in ("HEZ", "XYZ"):
        recording = station("WIC", 1, seed=6, elements=elements)
        recording.elements["Z"][3] = float("nan")
        assert complaints("sample", encode_samples(recording)) == []
    kp = kp_intervals(START_MS, START_MS + 86_400_000)
    assert len(kp) == 8
    assert complaints("index", encode_index(KP, kp)) == []
    assert complaints("index", encode_index(DST, [IndexInterval(DST, 0, 1, 1, -9.0)])) == []


@pytest.mark.parametrize(
    ("change", "about"),
    [
        ({"classification": "earthquake"}, "is not one of"),
        ({"start": "10 May"}, "does not match"),
        ({"completeness": 1.2}, "maximum"),
        ({"station": "wic"}, "does not match"),
        ({"version": 0}, "minimum"),
    ],
)
def test_a_schema_refuses_what_is_not_so(
    output: dict[str, list[bytes]], change: dict[str, object], about: str
) -> None:
    event = json.loads(output["alert"][0])
    event["data"] |= change
    assert about in " ".join(complaints("alert", event))


def examples() -> Iterator[Any]:
    """The schema that each section of the document names, and its example."""
    for section in DOCUMENT.read_text().split("\n## ")[1:]:
        named = re.search(r"schemas/([a-z-]+)\.json", section.splitlines()[0])
        assert named, section
        found = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
        yield pytest.param(named[1], found, id=named[1])


@pytest.mark.parametrize(("name", "found"), list(examples()))
def test_the_documented_examples_keep_the_schema(name: str, found: list[str]) -> None:
    assert len(found) == 1
    assert complaints(name, found[0].encode()) == []


def test_every_schema_is_documented() -> None:
    assert {param.values[0] for param in examples()} == set(RECORDS)


def test_a_score_says_whether_the_promise_is_being_kept(output: dict[str, list[bytes]]) -> None:
    promised = PromiseCount(days=12.4812, expected=0.41, opened=3, most=2)
    score = Score(0.5, 0.4, (0.5, 0.5, 0.5), 1.0, 0.1, promised)
    known = IndicesKnown(None, complete=False)
    window = WindowScore("WIC", 0, 256_000, 300_000, Quality.OK, 1.0, known, score)
    value = encode_score(window, ModelRef("ulf-1hz", "1", "ab" * 32, "no skill shown"))
    assert complaints("score", value) == []
    assert json.loads(value)["promise"] == {
        "quiet_days": 12.481, "expected": 0.41, "opened": 3, "kept": False,
    }  # fmt: skip
    assert not any("promise" in json.loads(fixed) for fixed in output["score"])
