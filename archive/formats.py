"""What a file is, by its first bytes: a format that is read, or one that is refused by name."""

import re

from archive.iaga2002_rows import BEGIN as IAGA_2002
from archive.text import text_of
from archive.truncation import CDF_MAGIC, PARQUET

_HEAD_BYTES = 4096
_OTHERS = {
    "IMF, INTERMAGNET's minute format": rb"[A-Z]{3} [A-Z]{3}\d{4} \d{3} \d\d [A-Z]{4} ",
    "WDC's format of minutes": rb"[ \d]{12}\d{6}[A-Z][ \d]\d[A-Z]{3}",
    "WDC's format of hours": rb"[A-Z]{3}\d{4}[DIHXYZEF][ \d]\d",
    "EMBRACE's table": rb"[^\n]*<\d+> *1 Min\. Reported data",
    "one of MagPy's own formats": rb" ?# MagPy",
    "a web page: getting the file failed": rb"\s*<(?:!DOCTYPE|html|\?xml)",
    "JSON": rb"\s*[\[{]",
    "Parquet (whose name must end with .parquet)": PARQUET,
    "netCDF": rb"CDF[\x01\x02\x05]|\x89HDF",
    "7z": rb"7z\xbc\xaf\x27\x1c",
    "Zstandard": rb"\x28\xb5\x2f\xfd",
    "PDF": rb"%PDF",
    "an old Excel file": rb"\xd0\xcf\x11\xe0",
}
CSV, CDF, IAGA = "CSV", "CDF", "IAGA-2002"
_CSV_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?[^\n]*\btime\b[^\n]*[,;\t]|[^\n]*[,;\t][^\n]*\btime\b", re.IGNORECASE
)


def format_of(content: bytes) -> str:
    """Format of a file that is read: IAGA-2002, CDF or CSV.

    Raises
    ------
    ValueError
        If it is none of these; the message names what it is, if that is known.
    """
    if not content:
        raise ValueError("it is empty")
    if content.startswith(CDF_MAGIC):
        return CDF
    if IAGA_2002.match(content):
        return IAGA
    wanted = "convert it to IAGA-2002, ImagCDF, Parquet or CSV"
    for name, begin in _OTHERS.items():
        if re.match(begin, content, re.IGNORECASE):
            raise ValueError(f"not readable as an archive: this is {name}; {wanted}")
    if content[257:262] == b"ustar":
        raise ValueError("not readable as an archive: this is a tar archive; unpack it")
    if _CSV_HEAD.match(content):
        return CSV
    head = content[:_HEAD_BYTES]
    text_of(head.rpartition(b"\n")[0] or head)
    raise ValueError(
        "not readable as an archive: it is neither IAGA-2002 nor ImagCDF, nor a CSV with a column "
        "`time`"
    )
