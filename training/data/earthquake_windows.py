"""Training data of a catalogue recipe: windows before earthquakes, and matched controls."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archive.catalogue import Catalogue
from archive.kp import kp_intervals
from geofield.earthquakes.types import Site
from geofield.indices import IndexHistory
from geofield.types import Bool, Float32
from geofield.utc import DAY_MS, utc_day
from training.data.windows import Archive, windows_of
from training.labels.build import prepare
from training.labels.match import match_controls
from training.labels.split import Split, check_no_leak, check_sides, check_split, split
from training.recipe.days import span_ms
from training.recipe.recipe import Recipe
from training.recipe.section import RecipeRefused

_MATCHING_SEED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Band-passed windows of both classes, [n, steps, 3] in nT each."""

    non_seismic_nt: Float32
    seismic_nt: Float32


@dataclass(frozen=True, slots=True, eq=False)
class LabelledData:
    """Windows of the training and the validation side; the test side is not used."""

    train: Classes
    validation: Classes


def labelled_data(
    recipe: Recipe,
    archive: Archive,
    catalogue: Catalogue,
    band_pass: Callable[[Float32], Float32],
) -> LabelledData:
    """Label all windows of the recipe's days, divide them in time, and match the controls.

    Raises
    ------
    RecipeRefused
        If the archive does not state a position, or the split is impossible.
    training.labels.selection.LabelsRefused
        If a class is empty on any side.
    training.labels.split.LeakFound
        If two sides are not independent.
    """
    data, table = recipe.data, recipe.catalogue
    if table is None or archive.position_deg is None:
        raise RecipeRefused("labels need a table [catalogue] and an archive that states a position")
    rules = split_of(recipe, table.embargo_days)
    check_split(rules, recipe.labels)
    spec = recipe.window.spec(data.train_hop)
    days = [*data.train_days, *data.validation_days, *data.test_days]
    windows = windows_of(archive.samples, days, spec, band_pass)
    site = Site(archive.samples.station, *archive.position_deg)
    kp = IndexHistory(kp_intervals(archive.samples.start_ms, archive.samples.end_ms))
    labels = prepare(
        windows.end_ms,
        spec.length_ms,
        site,
        catalogue,
        recipe.labels,
        kp,
        hop_ms=spec.hop_ms,
        margin_ms=spec.margin_ms,
    ).labels()
    sides = split(labels, rules)
    check_sides(labels, sides)
    embargo_ms = round(rules.embargo_days * DAY_MS)
    check_no_leak(labels, sides, spec.span * spec.cadence_ms, embargo_ms)
    rng = np.random.default_rng(_MATCHING_SEED)

    def classes(side: Bool) -> Classes:
        matched = match_controls(
            labels, side, site, kp, rng, per_seismic=table.controls, window_ms=spec.length_ms
        )
        return Classes(windows.field_nt[matched.chosen], windows.field_nt[side & labels.seismic])

    return LabelledData(classes(sides.train), classes(sides.validation))


def split_of(recipe: Recipe, embargo_days: float) -> Split:
    """The split in time by the recipe's days.

    Raises
    ------
    RecipeRefused
        If the days of training, validation and test do not follow each other.
    """
    data = recipe.data
    train, validation, test = (
        [span_ms(day) for day in days]
        for days in (data.train_days, data.validation_days, data.test_days)
    )
    ends_ms = max(end for _, end in train), max(end for _, end in validation)
    begins_ms = min(start for start, _ in validation), min(start for start, _ in test)
    if ends_ms[0] > begins_ms[0] or ends_ms[1] > begins_ms[1]:
        raise RecipeRefused(
            "with earthquakes, validation_days must follow train_days, and test_days them"
        )
    return Split(
        train_until=utc_day(ends_ms[0]),
        validation_until=utc_day(ends_ms[1]),
        embargo_days=embargo_days,
    )
