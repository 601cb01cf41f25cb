"""What a user can mend is one line, not a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from archive.extras import ExtraMissing
from archive.model import ModelRefused
from archive.observatory import ArchiveRefused
from geofield.orientation import OrientationError
from geofield.threshold import NoTail, TailTooShort
from training.export import ExportRefused
from training.judge.shuffle import ShuffleRefused
from training.judge.units import TooFewUnits
from training.labels.formats import CatalogueRefused
from training.labels.selection import LabelsRefused
from training.labels.split import LeakFound
from training.section import RecipeRefused

_REFUSALS = (
    ArchiveRefused,
    CatalogueRefused,
    ExportRefused,
    ExtraMissing,
    LabelsRefused,
    LeakFound,
    ModelRefused,
    NoTail,
    OrientationError,
    RecipeRefused,
    ShuffleRefused,
    TailTooShort,
    TooFewUnits,
)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn refusals inside into click's own errors."""
    try:
        yield
    except _REFUSALS as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
