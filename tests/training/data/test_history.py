"""A recipe, and `magwatch evaluate`, read a folder of history like the file it came from."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from archive.day_samples import DayKey, DaySamples
from archive.observatory import read_file
from geofield.utc import DAY_MS, utc_day
from tests.training.builders import DAYS, RECIPE, SAMPLES_A_DAY, write_field
from training.commands.evaluate import evaluate
from training.data.windows import open_archive
from training.recipe.recipe import load_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny.parquet` and the same as a history."""
    made = tmp_path_factory.mktemp("archive")
    rng = np.random.default_rng(1)
    write_field(made, np.cumsum(rng.normal(0, 0.02, (DAYS * SAMPLES_A_DAY, 3)), axis=0))
    recording = read_file(made / "tiny.parquet")
    for part in recording.records(DAY_MS // recording.cadence_ms):
        key = DayKey("TST", part.start_ms, part.cadence_ms, "".join(part.elements)[:3])
        day = DaySamples(key)
        day.take(key.first, part.elements, np.array(list(part.elements.values())))
        path = made / "history" / key.path
        path.parent.mkdir(parents=True)
        path.write_bytes(day.to_parquet() or b"")
    return made


def test_a_recipe_may_name_a_history(folder: Path) -> None:
    (folder / "tiny.toml").write_text(RECIPE)
    data = load_recipe(folder / "tiny.toml").data
    of_file = open_archive(data, folder)
    kept = open_archive(structs.replace(data, files=["history"]), folder)
    np.testing.assert_array_equal(kept.samples.field_nt, of_file.samples.field_nt)
    assert kept.samples.start_ms == of_file.samples.start_ms
    assert len(kept.files_sha256) == DAYS  # of each file by a name of its own
    assert f"TST-{utc_day(of_file.samples.start_ms)}-60000ms-" in min(kept.files_sha256)


def judged(folder: Path, data: str, *more: str) -> Result:
    arguments = ["--data", str(folder / data), "--inject", "--output", str(folder / "out"), *more]
    return CliRunner().invoke(evaluate, arguments)


@pytest.mark.parametrize(
    ("data", "more", "said"),
    [
        ("history", ("--station", "BOU"), "no samples of BOU; has TST"),
        ("history", ("--from", "2030-01-01"), "no samples of any station on these days; has TST"),
        ("tiny.parquet", ("--from", "2024-01-05"), "select days of a history, and it is none"),
    ],
)
def test_what_a_history_lacks_is_said(
    folder: Path, data: str, more: tuple[str, ...], said: str
) -> None:
    result = judged(folder, data, *more)
    assert result.exit_code != 0
    assert said in result.output
