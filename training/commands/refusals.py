"""User mistakes as one line of text, not as a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from archive.catalogue_formats import CatalogueRefused
from archive.model import ModelRefused
from archive.observatory import ArchiveRefused, SeveralStations
from geofield.series.orientation import OrientationError
from support.extras import ExtraMissing
from training.labels.selection import LabelsRefused
from training.labels.split import LeakFound
from training.recipe.section import RecipeRefused
from training.statistics.shuffle import ShuffleRefused
from training.statistics.units import TooFewUnits

_REFUSALS = (
    ArchiveRefused,
    CatalogueRefused,
    ExtraMissing,
    LabelsRefused,
    LeakFound,
    ModelRefused,
    OrientationError,
    RecipeRefused,
    SeveralStations,
    ShuffleRefused,
    TooFewUnits,
)


@contextmanager
def one_line(*more: type[ValueError]) -> Iterator[None]:
    """Convert refusals within the block, and `more` of them, to errors of click."""
    refusals: tuple[type[Exception], ...] = (*_REFUSALS, *more)
    try:
        yield
    except refusals as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        if not error.filename:
            raise  # the command line reports it
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
