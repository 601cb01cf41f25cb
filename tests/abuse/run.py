"""One round of abuse, from an empty broker to the list of what was wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from monitor.offline.pacing import interleaved
from tests.abuse.bystanders import Bystanders, bystanders
from tests.abuse.memory import Memory, watched
from tests.abuse.plan import LIMIT_MB, Plan, Round
from tests.abuse.producers import Producers
from tests.abuse.scene import place_apart, scene_of
from tests.abuse.services import HTTP, Services
from tests.abuse.siege import Siege, processes
from tests.abuse.verdict import faults_of, read_found
from tests.chaos.fleet import Fleet
from tests.chaos.workload import Workload, calibrate
from tests.monitor.workers import Site, encoded, new_site

TIMES: Mapping[str, Mapping[str, str]] = {
    "broker": {"message.timestamp.type": "LogAppendTime"},
    # without a limit, as brokers before Kafka 3.6 have none
    "sender": {
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2**63 - 1),
    },
}
Say = Callable[[str], None]


def abuse(workload: Workload, broker: str, plan: Plan, folder: Path, say: Say) -> Round:
    """Stream a workload through workers under abuse and compare with the offline path."""
    folder.mkdir(parents=True)
    site = new_site(broker, folder, workload.model)
    _keep_times(site, TIMES[plan.times])
    expected = calibrate(workload, site.settings)
    place_apart(site)
    scene = scene_of(site, workload, expected)
    result = Round(plan, len(workload.recordings), len(expected.scores))
    fleet = Fleet(site, Random(plan.seed))  # noqa: S311 - repeatable, not secret
    producers = Producers(scene, plan.kinds, plan.rate_hz, plan.seed)
    services = Services(Random(plan.seed), HTTP in plan.kinds)  # noqa: S311
    ledger = producers.ledger
    began_s = time.monotonic()
    with services.served() as http, _company(site, fleet, http) as (others, memory):
        siege = Siege(site, plan, fleet, others, producers, memory, result, say)
        siege.stream(list(encoded(interleaved(workload.recordings, workload.record_s))))
        siege.settle()
        found = read_found(site, ledger, scene.honest)
        result.faults += faults_of(found, expected, ledger, scene.honest)
        result.faults += others.left_undone(services, scene.honest, found)
    result.seconds = time.monotonic() - began_s
    result.exits = [*fleet.failures, *others.failures]
    result.faults += [
        *result.exits,
        *(
            f"{name} took {peak_mb:.0f} MB, more than {LIMIT_MB:.0f}"
            for name, peak_mb in memory.peak_mb.items()
            if peak_mb > LIMIT_MB
        ),
    ]
    result.kills, result.recruited = fleet.kills.total(), fleet.recruited
    result.peak_mb, result.reasons = memory.peak_mb, found.reasons
    result.repeated = found.honest.repeated
    result.sent, result.not_taken = ledger.sent, ledger.refused
    result.hostile_records = ledger.records
    return result


@contextmanager
def _company(site: Site, fleet: Fleet, http: str) -> Iterator[tuple[Bystanders, Memory]]:
    """The other processes and a look at the memory of all; at the end all of them are ended."""
    with bystanders(site, http) as others, watched(lambda: processes(fleet, others)) as memory:
        try:
            yield others, memory
        finally:
            fleet.disband()
        others.end()


def _keep_times(site: Site, config: Mapping[str, str]) -> None:
    topic = ConfigResource(ConfigResourceType.TOPIC, site.settings.topic("samples"), dict(config))
    with closing(KafkaAdminClient(bootstrap_servers=site.settings.broker)) as admin:
        admin.alter_configs([topic])
