"""Tables of samples: a column `time`, and one for each element, with what the user says of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from archive.elements import ANGLES, ELEMENTS, unit_scale
from geofield.series.orientation import ORIENTATIONS, orientation_of

TIME = "time"


@dataclass(frozen=True, slots=True)
class Stated:
    """What the user says of files that do not say it themselves.

    Attributes
    ----------
    units
        Unit by element.
    orientation
        The elements to read of more; None to read all.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    orientation: str | None = None

    def __post_init__(self) -> None:
        for element, unit in self.units.items():
            if element not in ELEMENTS:
                raise ValueError(f"{element!r} is none of the elements {''.join(sorted(ELEMENTS))}")
            unit_scale(element, unit)
        if self.orientation is not None and self.orientation not in ORIENTATIONS:
            raise ValueError(f"{self.orientation!r} is none of {', '.join(ORIENTATIONS)}")


NOTHING = Stated()


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Columns of a table that are read.

    Attributes
    ----------
    time
        Name of the column of times.
    names
        Name of the column by element.
    units
        Unit by element.
    """

    time: str
    names: Mapping[str, str]
    units: Mapping[str, str]


def columns_of(names: Collection[str], in_file: Mapping[str, str], stated: Stated) -> TableColumns:
    """Columns of a table with these names; `in_file` has the units that the file states.

    Raises
    ------
    ValueError
        If a column or a unit is missing; the message says which.
    """
    time = next((name for name in names if name.strip().lower() == TIME), None)
    if time is None:
        raise ValueError(
            f"a table of samples needs a column `{TIME}` and one per element; it has "
            f"{', '.join(names)}"
        )
    columns: dict[str, str] = {}
    for name in names:
        element = name.strip().upper()
        if element in ELEMENTS:
            if element in columns:
                raise ValueError(f"it has two columns of {element}")
            columns[element] = name
    if stated.orientation is not None:
        columns = _chosen(columns, stated.orientation)
    orientation_of(frozenset(columns))
    units = {name: _unit(name, in_file, stated) for name in columns}
    return TableColumns(time, columns, units)


def _chosen(columns: Mapping[str, str], orientation: str) -> dict[str, str]:
    missing = [element for element in orientation if element not in columns]
    if missing:
        raise ValueError(f"{orientation} needs a column {', '.join(missing)}")
    return {element: columns[element] for element in orientation}


def _unit(element: str, in_file: Mapping[str, str], stated: Stated) -> str:
    unit = stated.units.get(element, in_file.get(element))
    if unit is not None:
        return unit
    if element in ANGLES:
        raise ValueError(
            f"the unit of {element} is not stated: give --units {element}=deg or --units "
            f"{element}=arcmin"
        )
    return "nT"
