"""Half a minute of abuse with few stations; `make abuse` is the long run."""

from pathlib import Path

from tests.abuse.kinds import KINDS
from tests.abuse.plan import Plan
from tests.abuse.run import abuse
from tests.abuse.services import HTTP
from tests.abuse.transactions import TRANSACTIONS
from tests.chaos.workload import station_pieces

SECONDS = 20.0


def test_honest_stations_come_through_abuse_byte_for_byte(
    kafka_address: str, tmp_path: Path
) -> None:
    kinds = [*KINDS, *TRANSACTIONS, HTTP]
    plan = Plan(1, SECONDS, 2, kinds, rate_hz=15.0, times="sender", gap_s=(6.0, 9.0))
    result = abuse(station_pieces(4, hours=1), kafka_address, plan, tmp_path / "site", print)
    assert result.faults == []
    assert result.kills + result.stalls > 0
    assert result.windows > 0
    assert result.sent.keys() == {*KINDS, *TRANSACTIONS}
    assert result.reasons.total() > 0
