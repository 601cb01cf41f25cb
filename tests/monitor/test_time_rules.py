"""Time as senders get it wrong, from the bytes on: nothing crashes, nothing is mixed."""

from collections.abc import Sequence

import numpy as np
import pytest

from archive.recording import Recording
from geofield.indices import IndexHistory
from geofield.scoring.score import WindowScore
from monitor.records.sample_decoder import Accepts, NotForUs, RawRecord, Reason
from monitor.records.sample_encoder import encode_samples
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.scorer import Scorer
from tests.geofield.builders import rules, spread
from tests.monitor.feeds import station

DECLINATION_DEG = 4.5
SCORER = Scorer(
    rules("WIC"), Accepts(1000, 300_000, {"WIC": DECLINATION_DEG}, most_unprofiled=0), spread
)
WHOLE = station("WIC", 10, seed=1, elements="XYZ")


def taken(values: Sequence[bytes], timestamp_ms: int = -1) -> tuple[list[WindowScore], list[str]]:
    """Scores, and the reasons of dead letters, of records taken one after the other."""
    checkpoints: dict[str, StationCheckpoint] = {}
    scores: list[WindowScore] = []
    reasons: list[str] = []
    for offset, value in enumerate(values):
        record = RawRecord("geomag.samples", 0, offset, timestamp_ms, b"WIC", value)
        result = SCORER.score(SCORER.read([record]), checkpoints, IndexHistory())
        checkpoints.update(result.checkpoints)
        scores += result.scores
        reasons += [(why.ignored or why.reason).value for _, why in result.refused]
    return scores, reasons


def minutes(recording: Recording) -> list[bytes]:
    return [encode_samples(part) for part in recording.records(60)]


def test_another_cadence_in_mid_stream_is_left_aside_and_never_mixed() -> None:
    """The samples of the other cadence are missing, as if they had never been sent."""
    records = minutes(WHOLE)
    other = [value.replace(b'"PT1S"', b'"PT1M"') for value in records[4:6]]
    mixed, reasons = taken([*records[:4], *other, *records[6:]])
    without, _ = taken([*records[:4], *records[6:]])
    assert reasons == [NotForUs.CADENCE.value] * 2
    assert mixed == without
    assert mixed[-1].score is not None


def test_a_station_that_turns_its_instrument_goes_on_as_it_was() -> None:
    x, y, z = (np.asarray(WHOLE.elements[name]) for name in "XYZ")
    turned = {"H": np.hypot(x, y), "D": np.degrees(np.arctan2(y, x)), "Z": z}
    other = Recording("WIC", WHOLE.start_ms, 1000, turned)
    mixed, reasons = taken([*minutes(other)[:5], *minutes(WHOLE)[5:]])
    whole, _ = taken(minutes(WHOLE))
    assert reasons == []
    assert [one.end_ms for one in mixed] == [one.end_ms for one in whole]
    for one, expected in zip(mixed, whole, strict=True):
        assert one.score is not None
        assert expected.score is not None
        assert one.score.rmse == pytest.approx(expected.score.rmse, rel=1e-4)


def test_a_sample_from_the_future_does_not_make_those_of_today_late() -> None:
    records = minutes(WHOLE)
    ahead = records[3].replace(b"2024-05-09", b"2024-05-10")
    mixed, reasons = taken([*records[:3], ahead, *records[3:]], WHOLE.end_ms)
    whole, _ = taken(records)
    assert reasons == [Reason.FUTURE.value]
    assert mixed == whole


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("2024-02-29T00:00:00Z", None),
        ("2024-02-28T23:59:30Z", None),
        ("2023-12-31T23:59:30Z", None),
        ("2023-02-29T00:00:00Z", Reason.BAD_TIME),
        ("2016-12-31T23:59:60Z", Reason.BAD_TIME),  # a leap second has no number
        ("2024-13-01T00:00:00Z", Reason.BAD_TIME),
    ],
)
def test_days_that_there_are_and_days_that_there_are_not(start: str, reason: Reason | None) -> None:
    value = minutes(WHOLE)[0].replace(b"2024-05-09T00:00:00Z", start.encode())
    assert taken([value])[1] == ([] if reason is None else [reason.value])
