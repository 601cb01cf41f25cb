"""Folders and buckets: a file is there whole or not at all."""

from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from moto.server import ThreadedMotoServer

from archive.files import FileRefused
from archive.outputs import CannotWrite
from monitor.errors import Refused
from monitor.history.store import Store, open_store
from tests.monitor.feeds import station
from tests.monitor.history.stores import MemoryStore, sample_record, written

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a prefix in a bucket of a server that speaks S3."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    urlopen(Request(f"http://{host}:{port}/field", method="PUT")).close()
    yield f"s3://field/history?region=us-east-1&scheme=http&endpoint_override={host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(str(tmp_path / "history"))
    address: str = request.getfixturevalue("bucket")
    return open_store(address)


def test_a_file_is_replaced_and_read(store: Store) -> None:
    assert store.read("a/b=1/c.parquet") is None
    for content in (b"old", b"new"):
        store.write("a/b=1/c.parquet", content)
    assert store.read("a/b=1/c.parquet") == b"new"


def test_files_of_a_history_are_the_same_wherever_they_are(store: Store) -> None:
    memory, sent = MemoryStore(), ("samples", sample_record(station("WIC", 2, 1)))
    written(memory, sent)
    assert written(store, sent) == ["samples"]
    assert written(store, sent) == []
    assert {path: store.read(path) for path in memory.files} == memory.files


def test_what_a_kill_left_unfinished_goes(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.write("a/b.parquet", b"old")
    (tmp_path / "a" / ".0badcafe.part").write_bytes(b"half")
    store.write("a/b.parquet", b"new")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.parquet"]


def test_a_folder_is_one_process_s(tmp_path: Path) -> None:
    kept = open_store(str(tmp_path))
    with pytest.raises(Refused, match="another `magwatch history` writes there"):
        open_store(str(tmp_path))
    assert kept.read("none") is None


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match=r"cannot write .*file: "):
        open_store(str(tmp_path / "file"))
    store = open_store(str(tmp_path / "history"))
    (tmp_path / "history" / "a").touch()
    with pytest.raises(CannotWrite, match=r"cannot write .*a: "):
        store.write("a/b", b"")
    (tmp_path / "history" / "c").mkdir()
    with pytest.raises(FileRefused, match="c: Is a directory"):
        store.read("c")


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    store = open_store(bucket.replace("field", "no-such-bucket"))
    with pytest.raises(CannotWrite, match="cannot write no-such-bucket/history/a: "):
        store.write("a", b"content")


@pytest.mark.parametrize("address", ["s3://", "s3:///history", "s3://field?nonsense=1"])
def test_an_address_of_no_bucket_is_refused(address: str) -> None:
    with pytest.raises(Refused, match=r"^s3://"):
        open_store(address)
