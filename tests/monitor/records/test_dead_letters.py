"""Broken records between good ones: the good ones' scores are as if the others were not there."""

from itertools import cycle
from pathlib import Path

from tests.monitor.broken import BROKEN
from tests.monitor.feeds import calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.test_schemas import complaints
from tests.monitor.workers import Running, Site, encoded, received, send, worker


def test_bad_records_end_as_dead_letters_and_change_nothing(site: Site, model_path: Path) -> None:
    recording = station("WIC", 40, seed=5, burst=slice(900, 1500))
    calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)
    good = list(encoded(recording.records(60)))
    mixed: list[tuple[bytes | None, bytes | None]] = []
    for (key, value), broken in zip(cycle(good), BROKEN, strict=False):
        mixed += [(key, value), (broken.key, broken.value)]
    mixed += good[len(BROKEN) :]
    with worker(site) as running:
        sent = send(site, mixed)
        running.wait_for_records(sent)
        assert running.process.poll() is None
        assert running.metric("magwatch_deadletters_total") == len(BROKEN)
        _check_process(running)
    scores, alerts = offline(site, [recording])
    assert online(site, "scores") == scores
    assert online(site, "alerts") == alerts
    _check_letters(site)


def _check_letters(site: Site) -> None:
    letters = {
        (letter.key, letter.value): dict(letter.headers) for letter in received(site, "deadletter")
    }
    assert len(letters) == len(BROKEN)
    for broken in BROKEN:
        headers = letters[broken.key, broken.value]
        assert headers["reason"] == broken.reason.value.encode()
        assert headers["topic"] == site.settings.topic("samples").encode()
        named = {name: text.decode() for name, text in headers.items()}
        assert complaints("deadletter-headers", named) == []
        assert headers["detail"]
        assert headers["time"]
        assert int(headers["partition"]) >= 0
        assert int(headers["offset"]) >= 0


def _check_process(running: Running) -> None:
    """Under 1 GB at its peak and without torch, as the kernel sees it."""
    process = Path("/proc") / str(running.process.pid)
    status = (process / "status").read_text()
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    assert peak_kb < 1_000_000
    maps = (process / "maps").read_text()
    assert "onnxruntime" in maps
    assert "/torch/" not in maps
