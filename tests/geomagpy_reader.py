"""Archives as geomagpy reads them: the field's own library, independent of our readers."""

import contextlib
import io
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from archive.recording import Recording
from geofield.types import Float64, Int64


@cache
def _reader() -> Callable[[str], Any]:
    """geomagpy's reader; its import would log to a file and silence the loggers that there are."""
    if not logging.root.handlers:
        logging.root.addHandler(logging.NullHandler())
    loggers = [
        one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)
    ]
    loud = [one for one in loggers if not one.disabled]
    from magpy.stream import read  # noqa: PLC0415 - slow to import

    for logger in loud:
        logger.disabled = False
    read_any: Callable[[str], Any] = read
    return read_any


def read_with_geomagpy(path: Path) -> tuple[str, Int64, dict[str, Float64], dict[str, str]]:
    """Station, times in ms [n], values [n] and units by element, as geomagpy says."""
    read = _reader()
    with contextlib.redirect_stdout(io.StringIO()):
        stream = read(str(path))
    times_ms = stream.ndarray[0].astype("datetime64[ms]").astype(np.int64)
    values, units = {}, {}
    for column in "xyzf":
        name = str(stream.header.get(f"col-{column}") or "").upper()
        if name:
            values[name] = np.asarray(stream._get_column(column), dtype=np.float64)
            units[name] = str(stream.header.get(f"unit-col-{column}") or "nT")
    return str(stream.header.get("StationID") or "").upper(), times_ms, values, units


def differences(recording: Recording, path: Path) -> list[str]:
    """What geomagpy reads differently, in words; D and I in its unit become degrees."""
    station, times_ms, values, units = read_with_geomagpy(path)
    found = []
    if station != recording.station:
        found.append(f"station {station}, ours {recording.station}")
    grid_ms = np.arange(len(recording)) * recording.cadence_ms + recording.start_ms
    if not np.array_equal(times_ms, grid_ms + recording.offset_ms):
        found.append(f"{len(times_ms)} times, ours {len(recording)}")
        return found
    if values.keys() != recording.elements.keys():
        found.append(f"elements {''.join(values)}, ours {''.join(recording.elements)}")
    for name, ours in recording.elements.items():
        if name in values:
            scale = 60 if units[name] == "arcmin" else 1
            theirs = values[name] / scale
            if not np.array_equal(theirs, ours, equal_nan=True):
                apart = ~((theirs == ours) | (np.isnan(theirs) & np.isnan(ours)))
                found.append(
                    f"{apart.sum()} of {name} ({units[name]}): {theirs[apart][0]:g}, "
                    f"ours {ours[apart][0]:g}"
                )
    return found
