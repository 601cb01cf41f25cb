"""Exit codes and messages of the failures that a user can fix."""

from __future__ import annotations

import errno

from archive.files import FileRefused
from geofield.calibration.threshold import TailTooShort
from geofield.series.orientation import OrientationError
from monitor.errors import Refused
from support.extras import ExtraMissing

FAILED = 1
EXTRA_MISSING = 4
FILE_REFUSED = 5
_REFUSALS = (FileRefused, OrientationError, TailTooShort)
_TEMPORARY = "temporary files need room: set TMPDIR to a folder that has it"
# Remedies for errors of the system that name no file.
_LACKING = {
    errno.EDQUOT: _TEMPORARY,
    errno.EMFILE: "raise the limit (`ulimit -n`)",
    errno.ENFILE: "raise the system's limit (fs.file-max)",
    errno.ENOENT: _TEMPORARY,
    errno.ENOSPC: _TEMPORARY,
    errno.EPIPE: "the other end is gone",
    errno.EROFS: _TEMPORARY,
}


def exit_code(error: Exception) -> int | None:
    """Exit code of an error; None for a bug, which gets a traceback."""
    if isinstance(error, Refused):
        return error.exit_code
    if isinstance(error, ExtraMissing):
        return EXTRA_MISSING
    if isinstance(error, _REFUSALS) or (isinstance(error, OSError) and error.filename):
        return FILE_REFUSED
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _LACKING):
        return FAILED
    return None


def line(error: Exception) -> str:
    """The message of an error in one line."""
    if isinstance(error, MemoryError):
        return f"not enough memory ({error})"
    if not isinstance(error, OSError):
        return str(error)
    if error.filename:
        return f"{error.filename}: {error.strerror}"
    return f"{error.strerror}: {_LACKING[error.errno or 0]}"
