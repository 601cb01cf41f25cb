from pathlib import Path

from bench import reading
from tests.archive.documents import document, row


def test_each_reader_reads_each_file(tmp_path: Path) -> None:
    path = tmp_path / "a.sec"
    path.write_bytes(document([row(n) for n in range(20)]))
    ours, theirs = reading.rows([("a file", path, 20)], repeats=2)
    assert (ours["reader"], theirs["reader"]) == ("magwatch", "geomagpy")
    assert theirs["of geomagpy's time"] == 1.0
