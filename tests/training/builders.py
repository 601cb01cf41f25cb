"""A small synthetic archive and a recipe that trains on it in seconds."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training.config import Recipe, load_recipe

DAYS = ("2024-03-10", "2024-03-11", "2024-03-12")
SAMPLES_A_DAY = 5400

RECIPE = """
name = "tiny"
version = "0.0.1"
skill = "no skill shown: a test"
remarks = ["Made in haste."]

[data]
files = ["tiny.parquet"]
source = "Made up."
licence = "None needed."
train_days = ["2024-03-10"]
validation_days = ["2024-03-11"]
test_days = ["2024-03-12"]
kp_max = 3.0
train_hop = 16
judge_hop = 32

[window]
cadence_ms = 1000
samples = 64
hop = 32
taps = 65
step = 2
low_hz = 0.02
high_hz = 0.2

[network]
units = 6
bottleneck = 2
group = 4

[loss]
kind = "log-error"
weight = 10.0
margin = 1.0

[seismic]
families = ["damped-oscillation", "noise-burst"]
unseen_families = ["pulse"]
snr_low = 3.0
snr_high = 12.0
judge_snr = [2.0, 8.0]

[variation]
share = 0.5
gain_low = 0.6
gain_high = 2.0
component_spread = 0.2
mixing = 0.1
turned = 0.3
overlaid = 0.5

[training]
seeds = [1]
steps = 12
batch = 16
learning_rate = 0.01
warmup_steps = 2
average = 0.9
clip = 10.0
check_every = 4
patience = 2
"""


def write_archive(folder: Path, seed: int = 0) -> Path:
    """Three mornings of a correlated, pulsating field as a Parquet archive in H, E, Z."""
    rng = np.random.default_rng(seed)
    times, columns = [], []
    for day in DAYS:
        times.append(np.datetime64(day, "ms") + 1000 * np.arange(SAMPLES_A_DAY))
        pulsation = np.cumsum(rng.normal(0, 0.02, SAMPLES_A_DAY))
        noise = rng.normal(0, 0.02, (SAMPLES_A_DAY, 3))
        columns.append(pulsation[:, None] * [1.0, 0.4, 0.1] + noise + [27_000.0, 0.0, 21_000.0])
    field = np.concatenate(columns)
    table = pa.table(
        {"time": np.concatenate(times), "H": field[:, 0], "E": field[:, 1], "Z": field[:, 2]}
    )
    about = {"station": "TST", "components": "H nT, E nT, Z nT"}
    path = folder / "tiny.parquet"
    pq.write_table(table.replace_schema_metadata(about), path)
    return path


def write_recipe(folder: Path, old: str = "", new: str = "") -> Path:
    """The recipe, with one piece of text replaced."""
    assert old in RECIPE
    path = folder / "tiny.toml"
    path.write_text(RECIPE.replace(old, new, 1) if old else RECIPE)
    return path


def recipe(folder: Path) -> Recipe:
    """The recipe, read."""
    return load_recipe(write_recipe(folder))
