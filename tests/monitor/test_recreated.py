"""A samples topic that was deleted and made again: offsets mean other records now."""

import time
from dataclasses import replace
from pathlib import Path

from monitor.kafka.topics import admin, create_topics, samples_topic_id
from tests.monitor.feeds import calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.workers import Site, encoded, send, worker


def recreate_samples(site: Site) -> Site:
    """The same site with a new samples topic, read by a new group from its beginning."""
    before = samples_topic_id(site.settings)
    client = admin(site.settings)
    client.delete_topics([site.settings.topic("samples")])
    client.close()
    deadline_s = time.monotonic() + 20
    while True:
        create_topics(site.settings)
        if samples_topic_id(site.settings) not in (before, "None"):
            settings = site.settings.model_copy(update={"group": site.settings.group + "2"})
            return replace(site, settings=settings)
        assert time.monotonic() < deadline_s, "the topic is never made again"
        time.sleep(0.2)


def test_states_of_a_deleted_topic_do_not_swallow_the_records_of_the_next(
    tansu_site: Site, model_path: Path
) -> None:
    site = tansu_site
    calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)
    first = station("WIC", 20, seed=1)
    later = replace(station("WIC", 40, seed=2), start_ms=first.start_ms + 2 * 86_400_000)
    with worker(site, CHECKPOINT_S="0.5") as running:
        running.wait_for_records(send(site, encoded(first.records(60))))
        deadline_s = time.monotonic() + 20
        while not running.metric("magwatch_checkpoints_total"):
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
    anew = recreate_samples(site)
    sent = send(anew, encoded(later.records(60)))  # grown past the old offsets before it is read
    with worker(anew) as running:
        running.wait_for_records(sent)
    expected = sorted(offline(site, [first])[0] + offline(site, [later])[0])
    assert online(anew, "scores") == expected
