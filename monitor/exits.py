"""Exit codes: which failures are the user's to mend, and what the shell gets to see."""

from __future__ import annotations

from archive.extras import ExtraMissing
from archive.model import ModelRefused
from archive.observatory import ArchiveRefused
from archive.profile import ProfileRefused
from geofield.threshold import TailTooShort
from monitor.errors import Refused

EXTRA_MISSING = 4
FILE_REFUSED = 5


def exit_code(error: Exception) -> int | None:
    """The exit code; None for a fault of this program, which deserves its traceback."""
    if isinstance(error, Refused):
        return error.exit_code
    if isinstance(error, ExtraMissing):
        return EXTRA_MISSING
    if isinstance(error, ModelRefused | ProfileRefused | ArchiveRefused | TailTooShort):
        return FILE_REFUSED
    return None
