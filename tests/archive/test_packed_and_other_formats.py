"""Packed files are read whole, and what is not promised is refused by its name."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from archive import packed
from archive.lazy_recording import open_stations
from archive.observatory import ArchiveRefused, read_file, read_stations, station_of
from tests.archive.cdf_files import imagcdf, times
from tests.archive.documents import document, row

DAY = document([row(n) for n in range(20)])
NEXT = document([row(n) for n in range(20, 40)])
OTHER = document([row(n) for n in range(20)], code="TSX")


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


gz = partial(gzip.compress, mtime=0)  # cases are named by their bytes
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gz,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: zipped({"a.sec": content}),
    "gz in zip": lambda content: zipped({"folder/a.sec.gz": gz(content)}),
    "two streams": lambda content: gz(content[:500]) + gz(content[500:]),
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", ["a.sec.gz", "a.sec", "a.zip"])
def test_what_is_packed_is_read_whatever_its_name(packer: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(PACKERS[packer](DAY))
    assert len(read_file(path)) == 20
    assert station_of(path) == "TST"


def test_every_member_of_a_zip_counts_and_hidden_ones_do_not(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(
        zipped(
            {
                "2018/08/b.sec": NEXT,
                "2018/08/": b"",
                "2018/a.sec": DAY,
                "__MACOSX/2018/._a.sec": b"\0\5\026\7Mac OS X",
                ".DS_Store": b"\0\0\0\1Bud1",
            }
        )
    )
    assert len(read_file(path)) == 40


def test_a_zip_of_several_stations_is_several_recordings(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.sec": DAY, "x/b.sec": OTHER}))
    assert [part.station for part in read_stations([path])] == ["TST", "TSX"]
    assert [part.station for part in open_stations([path])] == ["TST", "TSX"]
    with pytest.raises(ArchiveRefused, match=r"a\.zip: these do not belong together"):
        read_file(path)


def test_a_packed_cdf_is_read(tmp_path: Path) -> None:
    fields = {f"GeomagneticField{name}": [1.0, 2.0, 3.0] for name in "HEZ"}
    plain = imagcdf(tmp_path / "a.cdf", fields, {"GeomagneticVectorTimes": times(3)})
    (tmp_path / "a.cdf.gz").write_bytes(gz(plain.read_bytes()))
    assert read_file(tmp_path / "a.cdf.gz").elements["H"].tolist() == [1.0, 2.0, 3.0]


def tar(content: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(about := tarfile.TarInfo("a.sec"), io.BytesIO(content[: about.size]))
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gz(DAY)[:300], "cannot be unpacked.*get it again"),
        (lzma.compress(DAY)[:300], "cannot be unpacked.*get it again"),
        (bz2.compress(DAY)[:300], "cannot be unpacked.*get it again"),
        (zipped({"a.sec": DAY})[:300], "cannot be unpacked.*get it again"),
        (zipped({}), "nothing is in it"),
        (zipped({"a.sec": DAY, "read.me": b"hello"}), r"read\.me: not readable as an archive"),
        (gz(gz(gz(gz(DAY)))), "packed again and again"),
        (gz(b""), "it is empty"),
        (gz(tar(DAY)), "this is a tar archive; unpack it"),
        (b"BOU OCT0314 276 00 HDZF B GOL 04832549 055270 RRRRRRRRRRRRRRRR\r\n", "this is IMF"),
        (b" 36230153010160115H00SJG         25712 25713\n", "this is WDC's format of minutes"),
        (b"ESK0301D01  RRX2035112011201\n", "this is WDC's format of hours"),
        (b"SAO LUIS EMBRACE-18 <015> 1 Min. Reported data\n", "this is EMBRACE's table"),
        (b" # MagPy ASCII\n", "one of MagPy's own formats"),
        (b"<!DOCTYPE html><html>", "this is a web page: getting the file failed"),
        (b'{"a": 1}', "this is JSON"),
        (b"CDF\x01\0\0\0\0", "this is netCDF"),
        (b"\x89HDF\r\n\x1a\n", "this is netCDF"),
        (b"PAR1aaaaPAR1", "this is Parquet"),
        (b"\x28\xb5\x2f\xfd....", "this is Zstandard"),
        (b"hello\nworld\n", "neither IAGA-2002 nor ImagCDF"),
        (b"h\xc3\xa9llo \xff\n", "line 1 is not UTF-8"),
        (b"\x00\x01\x02\n", "NUL byte"),
        (b"", "it is empty"),
        (" Format  IAGA-2002".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_not_read_is_refused_by_name(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused, match=rf"(?s)a\.dat: .*{said}") as refusal:
        read_file(path)
    assert len(str(refusal.value).splitlines()) == 1


def test_what_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MOST_BYTES", 1 << 20)
    bomb = bytes(3 << 20)
    for content in (gz(bomb), zipped({"a.sec": DAY, "b": bytes(1 << 20)})):
        (tmp_path / "a.gz").write_bytes(content)
        with pytest.raises(ArchiveRefused, match="it unpacks to over 1 MiB"):
            read_file(tmp_path / "a.gz")
