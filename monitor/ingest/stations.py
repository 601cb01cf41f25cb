"""The file `stations.toml`: which stations there are, and where their data come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from archive.elements import ELEMENTS
from archive.files import FileRefused
from geofield.series.samples import STATION_CODE
from monitor.ingest.addresses import SourceAddress, parse_address
from monitor.records.sample_decoder import cadence_of
from monitor.toml_tables import read_toml, to_struct

Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
LEAST_POLL_S = 60.0


class StationTable(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from"}
):
    """One table of the file; `docs/sources.md` describes each key."""

    source: str | list[str]
    backfill: str | None = None
    cadence: str = "PT1S"
    angles: Literal["degrees", "minutes"] | None = None
    scale_nt: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    channels: dict[str, str] = {}
    declination_deg: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    position_deg: tuple[float, float] | None = None
    terms: str = ""
    poll_s: Annotated[float, msgspec.Meta(ge=LEAST_POLL_S, le=86_400)] | None = None
    settle_s: Seconds | None = None
    silent_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 300.0
    reach_h: Annotated[float, msgspec.Meta(gt=0, le=744)] = 24.0


class StationPlan(msgspec.Struct, frozen=True):
    """A station of the file, checked.

    Attributes
    ----------
    station
        IAGA code.
    table
        What the file says of it.
    cadence_ms
        Sampling interval.
    sources
        Where its data come from; the next speaks while those before it are silent.
    backfill
        Where gaps are filled from; None for nowhere.
    """

    station: str
    table: StationTable
    cadence_ms: int
    sources: tuple[SourceAddress, ...]
    backfill: SourceAddress | None


def read_plans(path: Path) -> list[StationPlan]:
    """The stations of a file, in its order.

    Raises
    ------
    archive.files.FileRefused
        If the file cannot be read, is no TOML, or has a key or value that cannot be used.
    """
    document = read_toml(path)
    if not document:
        raise FileRefused(f"{path} names no station: docs/sources.md shows how")
    return [_plan(f"{path} [{name}]", name, table) for name, table in document.items()]


def _plan(where: str, station: str, stated: object) -> StationPlan:
    if not STATION_CODE.fullmatch(station):
        raise FileRefused(f"{where}: no IAGA code in upper case, three or four letters and digits")
    if not isinstance(stated, Mapping):
        raise FileRefused(f"{where}: not a table; write [{station}] and its keys below")
    table = to_struct(where, stated, StationTable)
    try:
        cadence_ms = cadence_of(table.cadence)
        stated_sources = [table.source] if isinstance(table.source, str) else table.source
        sources = tuple(parse_address(text) for text in stated_sources)
        backfill = parse_address(table.backfill) if table.backfill else None
    except ValueError as error:
        raise FileRefused(f"{where}: {error}") from None
    if not sources:
        raise FileRefused(f"{where}: `from` names no source")
    if backfill and not backfill.can_fill:
        raise FileRefused(
            f"{where}: `backfill` can be usgs or gin, {backfill.kind} cannot fill gaps"
        )
    _check_channels(where, table)
    return StationPlan(station, table, cadence_ms, sources, backfill)


def _check_channels(where: str, table: StationTable) -> None:
    for channel, element in table.channels.items():
        if element not in ELEMENTS:
            raise FileRefused(
                f"{where}: channel {channel} is mapped to {element!r}, which is no element: "
                f"{' '.join(sorted(ELEMENTS))}"
            )
