"""A small synthetic archive, its earthquakes, and recipes that train on it in seconds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from geofield.types import Float64
from training.recipe.recipe import Recipe, load_recipe

FIRST_DAY, DAYS = "2024-01-01", 60
SAMPLES_A_DAY = 1440

RECIPE = """
name = "tiny"
version = "0.0.1"
remarks = ["Made in haste."]

[data]
files = ["tiny.parquet"]
source = "Made up."
licence = "None needed."
train_days = ["2024-01-01/2024-01-25"]
validation_days = ["2024-01-26/2024-02-04"]
test_days = ["2024-02-05/2024-02-29"]
kp_max = 9.0
train_hop = 16
judge_hop = 32

[[data.left_out]]
span = "2024-01-11T06:00/2024-01-11T07:00"
why = "Somebody mowed the lawn."

[window]
cadence_ms = 60000
samples = 64
hop = 32
taps = 65
step = 2
low_hz = 0.00033
high_hz = 0.0033

[network]
units = 6
bottleneck = 2
group = 4
knee = 3.0

[loss]
kind = "log-error"
weight = 10.0
margin = 0.5
softness = 0.3

[seismic]
source = "synthetic"
families = ["damped-oscillation", "noise-burst"]
unseen_families = ["z-pulse"]
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

[promise]
false_alarms_per_month = 4.0
checked_per_month = [30.0]
durations = [64]
snr = [4.0, 32.0]
apart = 720

[labels]
radius = "fixed"
radius_km = 300.0
magnitude_min = 5.0
lead_begin_days = 1.0
guard_days = 1.5

[verdict]
min_events = 5
event_p_max = 0.05
auc_low_min = 0.5
shuffled_p_max = 0.05
area_skill_p_max = 0.05
placebo_margin = 0.0
beat = ["window RMS"]
"""

ON_EARTHQUAKES = """
[catalogue]
file = "quakes.csv"
credit = "Made up."
embargo_days = 1.5
controls = 2
"""


def write_archive(folder: Path, seed: int = 0) -> Path:
    """Two months of a correlated, pulsating field, a sample a minute, as Parquet in H, E, Z."""
    rng = np.random.default_rng(seed)
    count = DAYS * SAMPLES_A_DAY
    pulsation = np.cumsum(rng.normal(0, 0.02, count))
    field = pulsation[:, None] * [1.0, 0.4, 0.1] + rng.normal(0, 0.02, (count, 3))
    return write_field(folder, field)


def write_field(folder: Path, field: Float64) -> Path:
    """H, E, Z in nT as an archive that states where the station stands."""
    times = np.datetime64(FIRST_DAY, "ms") + 60_000 * np.arange(len(field))
    columns = dict(zip("HEZ", field.T + np.array([[27_000.0], [0.0], [21_000.0]]), strict=True))
    about = {"station": "TST", "components": "H nT, E nT, Z nT", "lat": "10.0", "lon": "20.0"}
    path = folder / "tiny.parquet"
    pq.write_table(pa.table({"time": times, **columns}).replace_schema_metadata(about), path)
    return path


def write_catalogue(folder: Path, days: Sequence[float]) -> Path:
    """Earthquakes beside the station, so many days after the archive begins."""
    begin = np.datetime64(FIRST_DAY, "s")
    rows = [
        f"{begin + round(86_400 * day)},10.1,20.1,10.0,6.0,mw,made-up-{number}"
        for number, day in enumerate(days)
    ]
    path = folder / "quakes.csv"
    path.write_text("\n".join(["time,latitude,longitude,depth,mag,magType,id", *rows]) + "\n")
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
