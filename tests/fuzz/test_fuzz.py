"""Fifty thousand mutated records of real stations: no crash, and all accounted for."""

from pathlib import Path

import numpy as np

from archive.recording import Recording
from monitor.assembly import assemble
from monitor.records.sample_decoder import Reason
from monitor.settings import Settings
from monitor.worker.scorer import Scorer
from monitor.worker.time_jumps import MOST_WAITING
from tests.data import quiet_day
from tests.fuzz.accounts import feed
from tests.fuzz.mutations import fuzzed
from tests.monitor.feeds import calibrated

RECORDS = 50_000
BATCH = 256
SEED = 5


def stations() -> list[Recording]:
    """The Conrad Observatory's day, as reported and turned into the other orientations."""
    day = quiet_day()
    h, e, z = (np.asarray(day.elements[name]) for name in "HEZ")
    declination = np.degrees(np.arctan2(e, h))
    kinds = {
        "WIC": dict(day.elements),
        "WIX": {"X": h, "Y": e, "Z": z},
        "WID": {"H": np.hypot(h, e), "D": declination, "Z": z},
        "NEW": {"H": h, "E": e, "Z": z, "S": np.hypot(h, z)},
    }
    return [Recording(code, day.start_ms, day.cadence_ms, one) for code, one in kinds.items()]


def test_every_mutated_record_is_accounted_for(tmp_path: Path, model_path: Path) -> None:
    for code in ("WIC", "WIX", "WID"):
        calibrated(tmp_path, model_path, code, 1.5)
    assembly = assemble(Settings(profiles=tmp_path, model=model_path, strangers=20))
    scorer = Scorer(assembly.rules, assembly.accepts, assembly.model.reconstruct)
    accounts = feed(fuzzed(stations(), RECORDS, SEED), scorer, BATCH)
    assert accounts.fed >= RECORDS
    assert accounts.records.total() + accounts.waiting == accounts.fed
    assert 0 <= accounts.waiting <= MOST_WAITING * (4 + 4 * 20)  # of all stations that there are
    assert min(accounts.records.values()) > RECORDS // 100
    assert min(accounts.samples.values()) > RECORDS // 400
    never = {Reason.INTERNAL, Reason.TOO_BIG, Reason.TOO_LONG, Reason.UNREADABLE}
    never.add(Reason.UNITS)  # none of these stations has a reference declination
    assert set(accounts.reasons) == {reason.value for reason in set(Reason) - never}
    assert accounts.windows > RECORDS // 200
    assert accounts.alerts > 0
