"""A page about rounds of abuse, as a table and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from tests.abuse.plan import LIMIT_MB, Round

WIDTH = 34
SHOWN = 15  # faults of a round


def page(rounds: Sequence[Round]) -> str:
    """A column for each round, and a line for each fault."""
    rows = [_row(one) for one in rounds]
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [
        f"{name:<{WIDTH}}" + "".join(f"{row.get(name, 0)!s:>16}" for row in rows) for name in names
    ]
    faults = [
        line
        for one in rounds
        for line in _first([f"{one.plan.times}: {_brief(fault)}" for fault in one.faults])
    ]
    return "\n".join([*lines, "", *(faults or ["nothing was lost, changed, or ended"])])


def as_json(rounds: Sequence[Round]) -> str:
    """The same for machines."""
    return json.dumps({"abuse": [msgspec.to_builtins(one) for one in rounds]}, indent=1)


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"... and {more} more"] if more > 0 else lines


def _brief(fault: str) -> str:
    """The first line of a fault and the last of the log that may be in it."""
    first, *log = fault.strip().splitlines()
    return f"{first[:200]} ... {log[-1][-300:]}" if log else first


def _row(one: Round) -> dict[str, object]:
    plan = one.plan
    workers = {name: mb for name, mb in one.peak_mb.items() if name.startswith("worker-")}
    others = {name: mb for name, mb in one.peak_mb.items() if name not in workers}
    highest = {"worker": max(workers.values(), default=0.0), **others}
    return {
        "timestamps of samples": plan.times,
        "seed": plan.seed,
        "seconds": round(one.seconds),
        "honest stations": one.stations,
        "honest windows": one.windows,
        "workers at once": plan.workers,
        "workers in all": one.recruited,
        "kills": one.kills,
        "standstills": one.stalls,
        "honest records published again": one.repeated,
        **{f"peak MB of {name} (< {LIMIT_MB:.0f})": round(mb) for name, mb in highest.items()},
        "hostile batches": one.sent.total(),
        **_named("  of kind", one.sent),
        "not taken by the broker": one.not_taken.total(),
        **_named("  not taken:", one.not_taken),
        "hostile records": one.hostile_records.total(),
        **_named("  to", one.hostile_records),
        "dead letters": one.reasons.total(),
        **_named("  for", one.reasons),
        "exits that nobody asked for": len(one.exits),
        "faults, these included": len(one.faults),
    }


def _named(what: str, counts: Counter[str] | Mapping[str, int]) -> dict[str, object]:
    return {f"{what} {name}": counts[name] for name in sorted(counts)}
