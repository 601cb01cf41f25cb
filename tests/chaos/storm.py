"""One run: records flow in while workers die and the broker stumbles; then all must be there."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.brokers import Unruly
from tests.chaos.feeding import feeding
from tests.chaos.fleet import Fleet
from tests.chaos.verdict import Published, published
from tests.chaos.workload import Workload, calibrate
from tests.monitor.workers import Site, committed, received, send, worker

SETTLE_S = 120.0
STALL_S = (4.0, 8.0)  # the session timeout is 3 s
DOOMED_SHARE = 0.6


@dataclass(frozen=True)
class Plan:
    """How much is to happen: kills at random instants, besides those of the doomed workers.

    Without a calm run the comparison is with the offline path alone.
    """

    workers: int
    kills: int
    pauses: int
    restarts: int
    leaves: int
    stalls: int
    seed: int
    gap_s: tuple[float, float] = (0.2, 5.0)
    pause_s: tuple[float, float] = (0.5, 6.0)
    with_calm_run: bool = True


@dataclass
class Run:
    """What happened and what came of it."""

    workload: str
    broker: str
    plan: Plan
    records: int
    windows: int
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    recruited: int = 0
    stood_still: int = 0
    repeated: int = 0
    faults: list[str] = field(default_factory=list)


def storm(workload: Workload, broker: Unruly, plan: Plan, folder: Path) -> Run:
    """Run a workload undisturbed and disturbed and compare both with the offline path."""
    calm, wild = (_site(broker, folder / name, workload) for name in ("calm", "wild"))
    expected = calibrate(workload, calm.settings)
    calibrate(workload, wild.settings)
    records = workload.sent()
    run = Run(workload.name, broker.name, plan, len(records), len(expected.scores))
    began_s = time.monotonic()
    disturbed = _wild(wild, records, broker, plan, run, len(expected.scores))
    run.repeated = disturbed.repeated
    if plan.with_calm_run:
        run.faults += _calm(calm, records).differences(expected, "undisturbed")
    run.faults += disturbed.differences(expected, "disturbed")
    run.seconds = time.monotonic() - began_s
    return run


def _site(broker: Unruly, folder: Path, workload: Workload) -> Site:
    folder.mkdir(parents=True)
    site = workload.site(broker.address, folder)
    # profiles are refitted every hour, and windows without Kp are quiet after ten minutes
    return site.changing(profiles_half_life_days=7 / 24, alert_settle_s=600)


def _calm(site: Site, records: Sequence[tuple[bytes, bytes]]) -> Published:
    with worker(site) as running:
        running.wait_for_records(send(site, records), SETTLE_S)
    return published(site)


def _wild(
    site: Site,
    records: Sequence[tuple[bytes, bytes]],
    broker: Unruly,
    plan: Plan,
    run: Run,
    windows: int,
) -> Published:
    random = Random(plan.seed)  # noqa: S311 - a repeatable storm, not a secret
    fleet = Fleet(site, random)
    deeds = _deeds(plan, random)
    seconds = sum(plan.gap_s) / 2 * len(deeds)
    try:
        fleet.tend(plan.workers, DOOMED_SHARE)
        with feeding(site, records, seconds) as fed:
            for deed in deeds:
                _do(deed, fleet, broker, plan, random)
                run.did[deed] += 1
                fleet.tend(plan.workers, DOOMED_SHARE)
                time.sleep(random.uniform(*plan.gap_s))
            fed.wait(SETTLE_S)
        found = _settled(site, fleet, plan.workers, windows)
    finally:
        fleet.disband()
    run.kills, run.faults = fleet.kills, list(fleet.failures)
    run.recruited, run.stood_still = fleet.recruited, fleet.stood_still
    return found


def _deeds(plan: Plan, random: Random) -> list[str]:
    deeds = ["kill"] * plan.kills + ["pause"] * plan.pauses
    deeds += ["restart"] * plan.restarts + ["leave"] * plan.leaves + ["stall"] * plan.stalls
    random.shuffle(deeds)
    return deeds


def _do(deed: str, fleet: Fleet, broker: Unruly, plan: Plan, random: Random) -> None:
    match deed:
        case "kill":
            fleet.kill()
        case "leave":
            fleet.leave()
        case "stall":
            fleet.stall(random.uniform(*STALL_S))
        case "pause":
            broker.pause(random.uniform(*plan.pause_s))
        case "restart":
            broker.restart(random.uniform(*plan.pause_s))


def _settled(site: Site, fleet: Fleet, workers: int, windows: int) -> Published:
    """Healthy workers fill the gaps until every window is there and every record committed.

    Before that, a record read again after a crash may still be on its way.
    """
    records = len(received(site, "samples"))
    deadline_s = time.monotonic() + SETTLE_S
    while True:
        fleet.tend(workers, doomed_share=0.0)
        found = published(site)
        done = len(found.scores) >= windows and committed(site) >= records
        if done or time.monotonic() > deadline_s:
            return published(site)
        time.sleep(1.0)
