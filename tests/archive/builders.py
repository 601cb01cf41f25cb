"""Small archives, written by the tests that read them."""

from pathlib import Path

HEADER = """\
 Format                 IAGA-2002                                    |
 Source of Data         A test                                       |
 Station Name           Nowhere                                      |
 IAGA Code              {code}                                          |
 Geodetic Latitude      47.9                                         |
 Geodetic Longitude     15.9                                         |
 Elevation              100                                          |
 Reported               {reported}                                         |
 Sensor Orientation     HDZ                                          |
 Digital Sampling       1 second                                     |
 Data Interval Type     1-second                                     |
 Data Type              variation                                    |
DATE       TIME         DOY     {columns}   |
"""


def iaga2002(
    path: Path,
    reported: str,
    rows: list[tuple[float, ...]],
    code: str = "XXX",
    clock: str = "00:00:{:02d}",
) -> Path:
    """Write a small IAGA-2002 file; `clock` takes the number of the row, up to 59."""
    columns = "      ".join(code + element for element in reported)
    lines = [
        f"2024-01-31 {clock.format(number)}.000 031    "
        + " ".join(f"{value:9.2f}" for value in row)
        for number, row in enumerate(rows)
    ]
    path.write_text(
        HEADER.format(code=code, reported=reported, columns=columns) + "\n".join(lines) + "\n"
    )
    return path
