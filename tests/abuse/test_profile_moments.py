"""Which profile scores a window depends on the profiles and on event time, and on nothing else.

Neither on how records are batched, nor on when a worker notices a version, nor on where it is
killed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from archive.recording import Recording
from geofield.alerts.alert import AlertRules
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Versions, in_order, since_ms
from geofield.indices import IndexHistory
from geofield.scoring.score import Quality
from geofield.step import Rules
from monitor.records.sample_decoder import Accepts, RawRecord
from monitor.records.sample_encoder import encode_samples
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.profile_watcher import taken_over
from monitor.worker.scorer import BatchInFlight, Scored, Scorer
from tests.geofield.builders import MODEL, SPEC, START_MS, field_nt, profile, spread
from tests.geofield.learning import ONLINE, RULES, loudness, records, watched

SECONDS = 600
RECORD_S = 20
ALERT = AlertRules(k=2, n=3, clear=2, cooldown_ms=0)
FIELD_NT = field_nt(SECONDS, 5)
for begin in range(150, SECONDS, 150):
    FIELD_NT[begin : begin + 40, 0] += np.random.default_rng(begin).normal(0, 0.6, 40)


def at(second: float | None, threshold: float, station: str = "WIC") -> StationProfile:
    """A profile that holds from so many seconds after the start on."""
    effective_ms = None if second is None else START_MS + round(second * 1000)
    return replace(profile(station, threshold), effective_ms=effective_ms)


FILES = [
    RawRecord(
        "t", 0, offset, -1, code.encode(), encode_samples(Recording(
            code, START_MS + second * 1000, 1000,
            dict(zip("HEZ", FIELD_NT[second : second + RECORD_S].T, strict=True)),
        )),
    )
    for offset, (second, code) in enumerate(
        (second, code) for second in range(0, SECONDS, RECORD_S) for code in ("WIC", "NEW")
    )
]  # fmt: skip


def scorer(profiles: Mapping[str, Versions]) -> Scorer:
    rules = Rules(SPEC, ALERT, MODEL, {}, replace(ONLINE, review_ms=80_000))
    made = Scorer(rules, Accepts(1000, 300_000, {}, most_unprofiled=5), spread)
    made.use(profiles)
    return made


@dataclass
class Play:
    """A worker that takes a batch in while the one before is scored, as far as it is published."""

    scorer: Scorer
    checkpoints: dict[str, StationCheckpoint]
    in_flight: BatchInFlight | None = None

    @property
    def entrance(self) -> dict[str, StationCheckpoint]:
        return (
            {**self.checkpoints, **self.in_flight.checkpoints}
            if self.in_flight
            else dict(self.checkpoints)
        )

    def take(self, records: Sequence[RawRecord]) -> list[Scored]:
        in_flight = self.scorer.take_in(self.scorer.read(records), self.entrance)
        done = self.finish()
        self.in_flight = in_flight
        return done

    def finish(self) -> list[Scored]:
        if self.in_flight is None:
            return []
        scored = self.scorer.finish(self.in_flight, self.checkpoints, IndexHistory())
        self.checkpoints |= scored.checkpoints
        self.in_flight = None
        return [scored]


def told(batches: Sequence[Scored]) -> dict[object, object]:
    """What is published by its key; published twice, it must be the same."""
    found: dict[object, object] = {}
    for batch in batches:
        for score in batch.scores:
            assert found.setdefault((score.station, score.end_ms), score) == score
        for alert in batch.alerts:
            assert found.setdefault((alert.id, alert.version), alert) == alert
    return found


def offline(profiles: Mapping[str, Versions]) -> dict[object, object]:
    play = Play(scorer(profiles), {})
    return told([*play.take(FILES), *play.finish()])


seconds = st.one_of(
    st.none(),
    st.integers(0, SECONDS).map(float),
    st.integers(0, SECONDS * 1000).map(lambda time_ms: time_ms / 1000),
)
drawn_versions = st.lists(
    st.tuples(seconds, st.floats(1.1, 5.0)), max_size=3, unique_by=lambda t: t[0]
)


@st.composite
def profile_sets(draw: st.DrawFn) -> dict[str, Versions]:
    sets = {code: draw(drawn_versions) for code in ("WIC", "NEW")}
    return {
        code: in_order(at(second, threshold, code) for second, threshold in those)
        for code, those in sets.items()
        if those
    }


@given(profile_sets(), st.integers(1, 12))
@settings(max_examples=40)
def test_batches_change_nothing(profiles: dict[str, Versions], size: int) -> None:
    play = Play(scorer(profiles), {})
    batches = [FILES[begin : begin + size] for begin in range(0, len(FILES), size)]
    found = told([done for batch in batches for done in play.take(batch)] + play.finish())
    assert found == offline(profiles)


@given(st.data(), profile_sets(), profile_sets(), st.integers(1, 12))
@settings(max_examples=100)
def test_neither_does_the_moment_of_noticing_nor_a_kill(
    data: st.DataObject, first: dict[str, Versions], more: dict[str, Versions], size: int
) -> None:
    """Versions are added while records flow, the worker is killed and goes on from a checkpoint."""
    folder = {}
    for code in first.keys() | more.keys():
        both = (*more.get(code, ()), *first.get(code, ()))
        folder[code] = in_order({since_ms(one): one for one in both}.values())
    batches = [FILES[begin : begin + size] for begin in range(0, len(FILES), size)]
    noticed = data.draw(st.integers(0, len(batches) - 1), label="noticed before batch")
    saved = data.draw(st.integers(1, len(batches)), label="checkpoint before batch")
    killed = data.draw(st.integers(saved, len(batches)), label="killed before batch")
    play, done = Play(scorer(first), {}), []
    kept: dict[str, bytes] = {}
    for number, batch in enumerate(batches[:killed]):
        if number == noticed:
            result = taken_over(play.scorer.rules.profiles, folder, play.entrance, SPEC)
            if any(one.refused for one in result.values()):
                event("too late")
                return
            play.scorer.use({name: one.versions for name, one in result.items()})
        if number == saved:
            kept = encoded(play)
        done += play.take(batch)
    if saved == killed:
        kept = encoded(play)
    if killed < len(batches):  # what was in_flight is lost; the next worker finds the whole folder
        if killed <= noticed and not safe(folder, first, play.checkpoints):
            event("too late for what was published before the restart")
            return
        play = Play(scorer(folder), {})
        play.checkpoints = restored(play.scorer, kept)
        for batch in batches:
            done += play.take(batch)
    done += play.finish()
    event("compared")
    assert told(done) == offline(folder)


def encoded(play: Play) -> dict[str, bytes]:
    return {
        name: checkpoint.encode(name, one, play.scorer.fingerprints(name)[0])
        for name, one in play.checkpoints.items()
    }


def restored(after: Scorer, kept: Mapping[str, bytes]) -> dict[str, StationCheckpoint]:
    found: dict[str, StationCheckpoint] = {}
    for name, value in kept.items():
        decoded = checkpoint.decode(value, after.fingerprints(name))
        assert decoded is not None
        found[name] = decoded[1]
    return found


def safe(
    folder: Mapping[str, Versions],
    first: Mapping[str, Versions],
    checkpoints: Mapping[str, StationCheckpoint],
) -> bool:
    """Whether the folder changes no window that was decided in these states."""
    return not any(one.refused for one in taken_over(first, folder, checkpoints, SPEC).values())


def test_a_file_takes_over_from_what_was_learned() -> None:
    """In one batch the learned profile is found, holds, and is followed by that of the file."""
    field = records(loudness(1000, seed=3))
    (fitted, *_) = [fit.profile for fit in watched([field])[1].fits if fit.profile]
    assert fitted.effective_ms is not None
    takes_ms = fitted.effective_ms + 500_500  # within a window, in the middle of a record
    file = replace(profile("NEW", threshold=7.0), effective_ms=takes_ms)
    rules = replace(RULES, profiles={"NEW": (file,)})
    at_once = watched([field], rules)[1]
    singly = watched([[one] for one in field], rules)[1]
    assert (at_once.scores, at_once.alerts) == (singly.scores, singly.alerts)
    for score in at_once.scores:
        told = score.score.threshold if score.score else None
        late = 7.0 if score.end_ms > takes_ms else fitted.threshold
        assert told == (late if score.end_ms > fitted.effective_ms else None)


def test_nothing_is_learned_in_axes_that_are_turned_for_a_later_profile() -> None:
    file = replace(profile("NEW"), declination_deg=4.0, effective_ms=START_MS + 10**9)
    outcome = watched([records(loudness(800, 3))], replace(RULES, profiles={"NEW": (file,)}))[1]
    assert {one.quality for one in outcome.scores} == {Quality.CALIBRATING}
    assert outcome.fits == []


def test_the_versions_matter_to_scores_and_alerts() -> None:
    """Lest all of the above be equal because nothing happens."""
    low, high = (at(None, 1.5),), (at(None, 1.5), at(300, 5.0))
    assert len([one for one in offline({"WIC": low}) if isinstance(one, tuple) and one[1] == 1]) > 1
    assert offline({"WIC": low}) != offline({"WIC": high})


def test_a_batch_that_was_read_before_a_profile_came_is_turned_by_it() -> None:
    """Its station has not been seen yet, so the axes are still free."""
    turned = {"WIC": (replace(profile(), declination_deg=9.0),)}
    batch = [
        RawRecord("t", 0, number, -1, b"WIC", encode_samples(Recording(
            "WIC", START_MS + begin * 1000, 1000,
            dict(zip("XYZ", FIELD_NT[begin : begin + 150].T, strict=True)),
        )))
        for number, begin in enumerate((0, 150))
    ]  # fmt: skip
    before, after = scorer({}), scorer(turned)
    read = before.read(batch)
    before.use(turned)
    found = before.score(read, {}, IndexHistory())
    assert found.scores == after.score(after.read(batch), {}, IndexHistory()).scores
    assert found.scores != scorer({"WIC": (profile(),)}).score(read, {}, IndexHistory()).scores


def test_a_first_profile_voids_a_checkpoint_only_if_it_turns_the_axes() -> None:
    without, same = scorer({}), scorer({"NEW": (at(5, 1.0, "NEW"),)})
    turned = scorer({"NEW": (replace(at(5, 1.0, "NEW"), declination_deg=4.0),)})
    assert without.fingerprints("NEW")[0] in same.fingerprints("NEW")
    assert same.fingerprints("NEW")[0] in without.fingerprints("NEW")
    assert turned.fingerprints("NEW")[0] not in without.fingerprints("NEW")
