"""Exit codes: which failures are the user's to mend, and what the shell gets to see."""

from __future__ import annotations

from archive.extras import ExtraMissing
from archive.model import ModelRefused
from archive.observatory import ArchiveRefused
from archive.profile import ProfileRefused
from geofield.orientation import OrientationError
from geofield.threshold import TailTooShort
from monitor.errors import Refused

EXTRA_MISSING = 4
FILE_REFUSED = 5
_REFUSALS = (ModelRefused, ProfileRefused, ArchiveRefused, OrientationError, TailTooShort)


def exit_code(error: Exception) -> int | None:
    """The exit code; None for a fault of this program, which deserves its traceback."""
    if isinstance(error, Refused):
        return error.exit_code
    if isinstance(error, ExtraMissing):
        return EXTRA_MISSING
    if isinstance(error, _REFUSALS) or (isinstance(error, OSError) and error.filename):
        return FILE_REFUSED
    return None


def line(error: Exception) -> str:
    """What is said about it."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
