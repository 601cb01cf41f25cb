"""`calibrate`, `score` and `replay` on the real quiet day, as a user runs them."""

import csv
import json
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from archive.profile import load_profile
from monitor.cli import main
from monitor.kafka.tail import tail
from monitor.kafka.topics import create_topics
from monitor.records.sample_decoder import Accepts, RawRecord, decode
from monitor.records.sample_payloads import BINARY, JSON
from monitor.records.scores_and_alerts import AlertEvent, ScoreRecord
from monitor.settings import load_settings
from tests.archive.builders import iaga2002
from tests.data import conrad, quiet_day

QUIET = str(conrad("example5.sec"))
SOON = "quiet.parquet"  # the same day, in a format that is read a hundred times faster
MINUTES = "minutes.min"
WINDOWS_A_DAY = 86_400 // 64


def magwatch(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    result = magwatch("calibrate", QUIET, "--profiles", str(folder), "--verbose")
    assert result.exit_code == 0, result.output
    assert "background H" in result.output
    assert "extrapolated, not measured" in result.output
    return folder


@pytest.fixture(scope="module")
def soon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    day = quiet_day()
    times = np.datetime64(day.start_ms, "ms") + day.cadence_ms * np.arange(len(day))
    about = {"station": day.station, "components": ", ".join(f"{one} nT" for one in day.elements)}
    table = pa.table({"time": times, **day.elements}).replace_schema_metadata(about)
    path = tmp_path_factory.mktemp("archive") / SOON
    pq.write_table(table, path)
    return path


def test_a_profile_states_what_it_rests_on(profiles: Path) -> None:
    profile = load_profile(profiles / "WIC.json")
    assert profile.windows > 1300
    assert profile.quiet_days == pytest.approx(1.0, abs=0.05)
    assert 0.05 < profile.scale_nt[0] < 0.5  # nT: a quiet mid-latitude day
    assert profile.quantiles[0] < profile.quantiles[1] < profile.threshold
    assert profile.alert_tail.return_period_days(profile.threshold) == pytest.approx(30.4375)


def test_scores_are_the_same_in_every_format(profiles: Path, soon: Path, tmp_path: Path) -> None:
    rows = {}
    for archive, ending in ((QUIET, "jsonl"), (str(soon), "csv"), (str(soon), "parquet")):
        output = tmp_path / f"scores.{ending}"
        result = magwatch("score", archive, "--profiles", str(profiles), "-o", str(output))
        assert result.exit_code == 0, result.output
        rows[ending] = read(output)
    assert len(rows["jsonl"]) == pytest.approx(WINDOWS_A_DAY, abs=15)
    assert rows["jsonl"] == rows["csv"] == rows["parquet"]
    assert all(rmse > 0 for _, rmse in rows["jsonl"])


def read(path: Path) -> list[tuple[str, float]]:
    """Window ends and scores of a file."""
    if path.suffix == ".jsonl":
        lines = path.read_bytes().splitlines()
        records = [msgspec.json.decode(line, type=ScoreRecord) for line in lines]
        return [(one.window_end, one.rmse or 0.0) for one in records]
    if path.suffix == ".csv":
        with path.open(newline="") as stream:
            return [(row["window_end_utc"], float(row["rmse"])) for row in csv.DictReader(stream)]
    table = pytest.importorskip("pyarrow.parquet").read_table(path).to_pydict()
    return list(zip(table["window_end_utc"], table["rmse"], strict=True))


def test_alerts_are_cloudevents_with_the_models_verdict(
    profiles: Path, soon: Path, tmp_path: Path
) -> None:
    low = msgspec.json.decode((profiles / "WIC.json").read_bytes())
    (tmp_path / "low").mkdir()
    (tmp_path / "low" / "WIC.json").write_bytes(
        msgspec.json.encode({**low, "threshold": low["quantiles"][0]})
    )
    output = tmp_path / "alerts.jsonl"
    result = magwatch(
        "score", str(soon), "--profiles", str(tmp_path / "low"), "--alerts", str(output),
        "-o", str(tmp_path / "scores.csv"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    lines = output.read_bytes().splitlines()
    events = [msgspec.json.decode(line, type=AlertEvent) for line in lines]
    assert len(events) > 5
    assert {json.loads(line)["specversion"] for line in lines} == {"1.0"}
    assert len({event.id for event in events}) == len(events)
    assert all("no skill shown" in event.data.skill for event in events)
    assert b"predict" not in output.read_bytes()


def test_without_a_profile_there_is_no_score_and_it_says_so(soon: Path, tmp_path: Path) -> None:
    result = magwatch("score", str(soon), "-o", str(tmp_path / "scores.jsonl"))
    assert result.exit_code == 0
    assert "WIC has no profile" in result.output
    assert "calibrating" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["score", "none.sec", "-o", "scores.csv"], "none.sec: no such file"),
        (["score", ".", "-o", "scores.csv"], ".: a folder, not a file"),
        (["score", SOON, "-o", "none/scores.csv"], "none/scores.csv: No such file"),
        (["score", MINUTES, "-o", "scores.csv"], "one sample every 60 s"),
        (["calibrate", MINUTES], "one sample every 60 s"),
        (["score", SOON, "-o", "scores.txt"], "must end in .jsonl, .csv, .parquet"),
        (["calibrate", SOON, "--max-kp", "0.1"], "no quiet window"),
        (["calibrate", SOON, "--to", "2018-08-29T00:05:00"], "no quiet window"),
        (["calibrate", SOON, "--to", "2018-08-29T02:00:00"], "are needed: about"),
        (["calibrate", SOON, "--from", "2019-01-01"], "nothing between --from and --to"),
        (["score", SOON, "--model", "none.onnx"], "no such model file"),
    ],
)
def test_mistakes_get_one_clear_line(
    arguments: list[str],
    complaint: str,
    soon: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / SOON).symlink_to(soon)
    minutes = [(21_000.0, 1_500.0, 44_000.0, 48_750.0)] * 30
    iaga2002(tmp_path / MINUTES, "XYZF", minutes, clock="00:{:02d}:00")
    result = magwatch(*arguments)
    assert result.exit_code not in (0, None)
    assert complaint in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("speed", ["0", "-3x", "fast"])
def test_a_speed_that_is_none_is_refused(speed: str) -> None:
    result = magwatch("replay", QUIET, "--speed", speed)
    assert result.exit_code == 2
    assert "60x" in result.output


@pytest.mark.parametrize(("encoding", "content_type"), [("json", JSON), ("binary", BINARY)])
def test_replay_sends_every_sample_and_the_kp_of_the_day(
    tansu_address: str, encoding: str, content_type: str
) -> None:
    prefix = f"replay-{encoding}."
    settings = load_settings(broker=tansu_address, topic_prefix=prefix)
    create_topics(settings)
    options = ["--station", "wiq", "--broker", tansu_address, "--encoding", encoding]
    result = CliRunner().invoke(
        main,
        ["replay", QUIET, "--speed", "max", *options],
        env={"MAGWATCH_TOPIC_PREFIX": prefix},
        catch_exceptions=False,
    )
    assert "86,400 samples in 1,440 records" in result.output
    values = [v for batch in all_of(settings, "samples") for v in batch]
    accepts = Accepts(1000, 300_000, {}, 0)
    records = [
        decode(RawRecord("samples", 0, n, -1, b"WIQ", value, content_type), accepts)
        for n, value in enumerate(values)
    ]
    assert sum(len(record) for record in records) == 86_400  # type: ignore[arg-type]
    (kp,) = [v for batch in all_of(settings, "indices") for v in batch]
    assert len(json.loads(kp)["values"]) == 8


def all_of(settings, name):  # type: ignore[no-untyped-def]
    return list(tail(settings, name, from_beginning=True, follow=False))
