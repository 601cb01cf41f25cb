"""Small ImagCDF files, made in tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cdflib
import cdflib.cdfwrite
import numpy as np
from numpy.typing import ArrayLike

START = (2018, 8, 29, 3, 0, 0, 0, 0, 0)
TT2000, DOUBLE = 33, 45
STEP_NS = 1_000_000_000


def start_tt2000() -> int:
    """The first sample's time as CDF has it."""
    return int(cdflib.cdfepoch.compute_tt2000(START))


def times(count: int, step_ns: int = STEP_NS) -> np.ndarray:
    """Times of samples, nanoseconds of TT2000."""
    return start_tt2000() + step_ns * np.arange(count)


def imagcdf(
    path: Path,
    fields: Mapping[str, ArrayLike],
    series: Mapping[str, ArrayLike],
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    **about: Any,
) -> Path:
    """Write a file; `fields` and `series` of times by the names of variables.

    `attributes` by the name of the variable replace the usual ones; None takes one away.
    """
    path.unlink(missing_ok=True)
    file = cdflib.cdfwrite.CDF(path, cdf_spec={"rDim_sizes": []})
    stated = {
        "FormatDescription": "INTERMAGNET CDF Format",
        "FormatVersion": "1.2",
        "IagaCode": "TST",
        "ElementsRecorded": "".join(name[-1] for name in fields if name.startswith("Geo")),
        "Latitude": 47.928,
        "Longitude": 15.862,
        **about,
    }
    file.write_globalattrs(
        {name: {0: value} for name, value in stated.items() if value is not None}
    )
    for name, values in fields.items():
        usual = {
            "UNITS": "Degrees of arc" if name[-1] in "DI" else "nT",
            "FILLVAL": 99_999.0,
            "DEPEND_0": "GeomagneticVectorTimes",
            **(attributes or {}).get(name, {}),
        }
        kept = {key: value for key, value in usual.items() if value is not None}
        _write(file, name, np.asarray(values), kept)
    for name, values in series.items():
        _write(file, name, np.asarray(values), {})
    file.close()
    return path


def _write(file: Any, name: str, values: np.ndarray, attributes: Mapping[str, Any]) -> None:
    spec = {
        "Variable": name,
        "Data_Type": DOUBLE if values.dtype.kind == "f" else TT2000,
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": [],
        "Compress": 0,
    }
    file.write_var(spec, var_attrs=dict(attributes), var_data=values)
