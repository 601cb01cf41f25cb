"""Killed at any moment, while the broker goes away as well, the history has the same bytes."""

import time
from pathlib import Path

from tests.abuse.mute import tansu_behind_a_proxy
from tests.monitor.history.kills import KillPlan, run_kills
from tests.monitor.workers import new_site


def test_the_files_of_a_storm_survive_kills(tmp_path: Path) -> None:
    with tansu_behind_a_proxy() as proxy:

        def lose_broker() -> None:
            proxy.go()
            time.sleep(0.5)
            proxy.come_back()

        site = new_site(proxy.address, tmp_path, Path("unused.onnx"))
        outcome = run_kills(site, KillPlan(hours=3, record_s=20, kills=5, losses=1), lose_broker)
    assert outcome.good, outcome
    assert outcome.kills == 5
