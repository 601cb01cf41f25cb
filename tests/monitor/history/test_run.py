"""A history as a process, on both brokers."""

import json
from pathlib import Path

import numpy as np

from archive.history import with_day_files
from archive.observatory import read_archive
from monitor.kafka.topics import admin, create_topics
from monitor.records.reviews import Said, Verdict, review_of
from monitor.records.scores_and_alerts import decode_alert
from monitor.reviews.publishing import publish_review
from tests.abuse.mute import tansu_behind_a_proxy
from tests.monitor.feeds import station
from tests.monitor.history.running import catch_up, files_in, files_of, history, put
from tests.monitor.history.test_unwritten import score
from tests.monitor.test_recreated import recreate_samples
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.workers import Site, encoded, new_site, send, wait_until

RECORDING = station("WIC", 30, 1)


def feed(site: Site) -> None:
    send(site, encoded([*RECORDING.records(60), *station("HON", 10, 2).records(60)]))
    send(site, [(b"WIC", b"nonsense")])
    put(site, "scores", [(b"WIC", score(number)) for number in range(20)])
    publish(site, lives("WIC", "HON"))


def review(site: Site, station: str, verdict: Verdict) -> None:
    """What an observer says of the alert of a station."""
    alerts = [decode_alert(value).data for _, value in lives("WIC", "HON")]
    name = next(alert.alert_id for alert in alerts if alert.station == station)
    record = review_of(name, station, (0, 1000), Said(verdict, "Ada"), 1_715_300_000_000)
    publish_review(site.settings, record)


def test_once_writes_what_the_topics_have(site: Site, tmp_path: Path) -> None:
    feed(site)
    folder = tmp_path / "history"
    said = catch_up(site, folder)
    assert "samples records left out" in said
    assert files_in(folder) == files_of(site)
    assert {name.partition("/")[0] for name in files_in(folder)} == {"samples", "scores", "alerts"}
    read = read_archive(with_day_files([folder], "WIC"))
    np.testing.assert_array_equal(list(read.elements.values()), list(RECORDING.elements.values()))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    assert "records left out" not in catch_up(site, folder)  # nothing is read again
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")} == before


def test_it_follows_says_how_far_it_is_and_ends(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    with history(site, folder) as running:
        running.wait_for("/readyz", 200)
        feed(site)
        wait_until(lambda: files_in(folder) == files_of(site))
        wait_until(lambda: running.metric("magwatch_history_lag_records") == 0)
        assert running.metric("magwatch_history_records_total") == 40 + 1 + 20 + len(
            lives("WIC", "HON")
        )
        assert running.metric("magwatch_history_refused_records_total") == 1
        assert running.metric("magwatch_history_files_total") >= len(files_in(folder))
        share = "magwatch_history_reviewed_alerts_ratio"
        wait_until(lambda: running.metric(share) == 0)
        review(site, "WIC", "man-made")
        wait_until(lambda: running.metric(share) == 0.5)
        review(site, "WIC", "natural")  # a later word
        review(site, "HON", "man-made")
        wait_until(lambda: running.metric(share) == 1)
        for name, expected in {
            'alerts{station="HON"}': 1,
            'reviews{station="WIC",verdict="natural"}': 1,
            'reviews{station="WIC",verdict="man-made"}': 0,
            'man_made_alerts_ratio{station="WIC"}': 0,
            'man_made_alerts_ratio{station="HON"}': 1,
        }.items():
            assert running.metric(f"magwatch_history_{name}") == expected, name
        began_s = running.metric("magwatch_history_complete_timestamp_seconds")
        wait_until(lambda: running.metric("magwatch_history_complete_timestamp_seconds") > began_s)
        running.process.terminate()
        assert running.process.wait(10) == 0


def test_a_new_folder_has_all_again_and_the_same(tansu_site: Site, tmp_path: Path) -> None:
    feed(tansu_site)
    for name in ("one", "other"):
        catch_up(tansu_site, tmp_path / name)
    (tmp_path / "one" / "_offsets.json").unlink()
    catch_up(tansu_site, tmp_path / "one")
    assert files_in(tmp_path / "one") == files_in(tmp_path / "other") == files_of(tansu_site)


def test_a_topic_that_was_made_anew_is_read_from_its_begin(
    tansu_site: Site, tmp_path: Path
) -> None:
    folder, later = tmp_path / "history", station("BOU", 60, 3)
    send(tansu_site, encoded(RECORDING.records(60)))
    catch_up(tansu_site, folder)
    send(recreate_samples(tansu_site), encoded(later.records(60)))
    assert "the topic was created anew" in catch_up(tansu_site, folder)
    assert len(read_archive(with_day_files([folder], "BOU"))) == len(later)
    assert len(read_archive(with_day_files([folder], "WIC"))) == len(RECORDING)


def test_a_broker_that_is_lost_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    with tansu_behind_a_proxy() as proxy:
        site = new_site(proxy.address, tmp_path, Path("unused.onnx"))
        with history(site, folder) as running:
            running.wait_for("/readyz", 200)
            send(site, encoded(RECORDING.between(0, RECORDING.start_ms + 600_000).records(60)))
            wait_until(lambda: len(files_in(folder)) == 1)
            proxy.go()
            running.wait_for("/readyz", 503)
            proxy.come_back()
            send(site, encoded(RECORDING.records(60)))
            wait_until(lambda: files_in(folder) == files_of(site))


def test_a_file_that_cannot_be_read_is_said_and_waited_for(
    tansu_site: Site, tmp_path: Path
) -> None:
    folder = tmp_path / "history"
    send(tansu_site, encoded(RECORDING.records(600)))
    catch_up(tansu_site, folder)
    (name,) = files_in(folder)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:1000])
    with history(tansu_site, folder) as running:
        running.wait_for("/readyz", 200)
        send(tansu_site, encoded(RECORDING.records(60)))
        running.wait_for("/readyz", 503)
        assert f"waiting for its files: {name}: not readable" in running.page("/readyz")[1]
        (folder / name).write_bytes(whole)
        running.wait_for("/readyz", 200)
        wait_until(lambda: files_in(folder) == files_of(tansu_site))


def test_two_cannot_write_to_one_folder(tansu_site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    with history(tansu_site, folder) as running:
        running.wait_for("/readyz", 200)
        with history(tansu_site, folder) as second:
            assert second.process.wait(30) == 1
            said = second.log.read_text()
    assert said.strip() == f"magwatch: {folder}: another `magwatch history` writes there"


def test_offsets_that_are_damaged_are_named(tansu_site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    send(tansu_site, encoded(RECORDING.records(600)))
    catch_up(tansu_site, folder)
    offsets = folder / "_offsets.json"
    assert json.loads(offsets.read_text())[tansu_site.settings.topic("samples")]["partitions"]
    offsets.write_text("{")
    with history(tansu_site, folder) as running:
        running.wait_for("/readyz", 503)
        wait_until(lambda: "_offsets.json: " in running.page("/readyz")[1])
        offsets.unlink()
        running.wait_for("/readyz", 200)
    assert files_in(folder) == files_of(tansu_site)


def test_without_topics_it_says_what_to_do(tansu_site: Site, tmp_path: Path) -> None:
    client = admin(tansu_site.settings)
    client.delete_topics([tansu_site.settings.topic("scores")])
    client.close()
    try:
        with history(tansu_site, tmp_path / "history") as running:
            assert running.process.wait(30) == 1
            assert "create it (`magwatch topics`)" in running.log.read_text()
    finally:
        create_topics(tansu_site.settings)
