import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from tests.training.statistics.builders import (
    HOP_MS,
    LEAD,
    LEAD_MS,
    correlated,
    ends,
    labels,
    random_times,
)
from training.evaluation.injection.windows import auc
from training.labels.types import Labels
from training.statistics.shuffle import (
    ShuffleRefused,
    Shuffles,
    draw_shuffles,
    ring,
    shuffled_aucs,
    shuffled_p,
)

WINDOWS = 3_000


def shuffle(
    end_ms: np.ndarray,
    event_ms: np.ndarray,
    rng: np.random.Generator,
    count: int,
    as_a_whole: bool | None = None,
) -> Shuffles:
    around = ring(end_ms, event_ms, LEAD_MS, HOP_MS)
    everywhere = np.ones(len(end_ms), dtype=bool)
    return draw_shuffles(
        lambda times_ms: labels(end_ms, times_ms), everywhere, around, count, rng, as_a_whole
    )


@given(
    st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 4)), min_size=2, max_size=40).filter(
        lambda rows: {kind for kind, _ in rows} >= {0, 1}
    )
)
def test_the_quick_auc_is_the_auc(rows: list[tuple[int, int]]) -> None:
    kind = np.array([kind for kind, _ in rows], dtype=np.int8)
    scores = np.array([float(score) for _, score in rows])
    expected = auc(scores[kind == 0], scores[kind == 1])
    assert shuffled_aucs(scores, kind[None])[0] == pytest.approx(expected)
    scores = np.append(scores, np.nan)
    assert shuffled_aucs(scores, np.append(kind, 1)[None])[0] == pytest.approx(expected)


def test_moving_as_a_whole_keeps_the_spacing() -> None:
    end_ms = ends(WINDOWS)
    event_ms = np.array([200, 215, 1_000]) * HOP_MS
    around = ring(end_ms, event_ms, LEAD_MS, HOP_MS)
    rng = np.random.default_rng(0)
    round_ms = len(around.end_ms) * HOP_MS
    for _ in range(20):
        moved = around.moved(rng, as_a_whole=True)
        assert (np.diff(moved) % round_ms).tolist() == np.diff(event_ms).tolist()
    assert len({tuple(np.diff(around.moved(rng, as_a_whole=False))) for _ in range(20)}) == 20


def test_earthquakes_are_put_only_where_they_would_have_counted() -> None:
    end_ms = ends(WINDOWS)
    recorded_ms = end_ms[(end_ms < 800 * HOP_MS) | (end_ms >= 2_000 * HOP_MS)]
    complete, hardly = 500 * HOP_MS, 2_009 * HOP_MS
    silent = np.array([complete, 1_500 * HOP_MS])
    whole = ring(recorded_ms, silent, LEAD_MS, HOP_MS)
    assert set(np.diff(np.flatnonzero(np.isin(end_ms, whole.end_ms)))) == {1, 1_200 + LEAD}
    part = ring(recorded_ms, np.array([complete, hardly]), LEAD_MS, HOP_MS)
    assert len(part.end_ms) > len(whole.end_ms)
    moved = whole.moved(np.random.default_rng(0), as_a_whole=True)
    assert moved[0] in whole.end_ms
    assert moved[1] == silent[1]


def test_a_short_record_is_shuffled_event_by_event_and_says_so() -> None:
    rng = np.random.default_rng(0)
    long, short = (
        shuffle(ends(leads * LEAD), np.array([3 * LEAD_MS, 5 * LEAD_MS]), rng, 5)
        for leads in (30, 15)
    )
    assert long.as_a_whole
    assert not short.as_a_whole


@pytest.fixture(scope="module")
def clustered() -> dict[bool, np.ndarray]:
    """P-values without any effect; two swarms of four, scores that remember two weeks."""
    rng = np.random.default_rng(5)
    end_ms = ends(WINDOWS)
    found: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(120):
        scores = correlated(rng, WINDOWS, memory=7 * LEAD)
        swarms = random_times(rng, 2, WINDOWS)[:, None] + np.arange(4) * LEAD_MS * 3 // 2
        made = labels(end_ms, swarms[swarms < end_ms[-1]])
        event_ms = np.array([event.time_ms for event in made.events])
        for way, p_values in found.items():
            drawn = shuffle(end_ms, event_ms, rng, 39, way)
            real, *others = shuffled_aucs(scores, np.vstack([drawn.real, drawn.kinds]))
            p_values.append(shuffled_p(real, np.array(others)))
    return {way: np.array(p_values) for way, p_values in found.items()}


def test_moving_as_a_whole_keeps_its_promise_where_earthquakes_cluster(
    clustered: dict[bool, np.ndarray],
) -> None:
    assert (clustered[True] <= 0.05).sum() <= binom.isf(0.001, 120, 0.05)


def test_independent_times_find_what_is_not_there(clustered: dict[bool, np.ndarray]) -> None:
    assert (clustered[False] <= 0.05).sum() > binom.isf(0.01, 120, 0.05)


def test_a_shuffle_without_a_class_is_drawn_again_and_counted() -> None:
    end_ms = ends(30 * LEAD)
    event_ms = np.array([3 * LEAD_MS])

    def only_early(times_ms: np.ndarray) -> Labels:
        return labels(end_ms, np.where(times_ms < 15 * LEAD_MS, times_ms, 10**12))

    everywhere = np.ones(len(end_ms), dtype=bool)
    around = ring(end_ms, event_ms, LEAD_MS, HOP_MS)
    rng = np.random.default_rng(0)
    drawn = draw_shuffles(only_early, everywhere, around, 40, rng)
    assert len(drawn.kinds) == 40
    assert 15 < drawn.redrawn < 90
    with pytest.raises(ShuffleRefused, match="only 0 of 101 shuffled catalogues"):
        draw_shuffles(lambda _: labels(end_ms, np.array([0])), everywhere, around, 5, rng)


def test_no_earthquake_to_shuffle_is_refused() -> None:
    with pytest.raises(ShuffleRefused, match="none to shuffle"):
        ring(ends(100), np.array([500 * HOP_MS]), LEAD_MS, HOP_MS)


def test_the_real_catalogue_counts_among_the_shuffled() -> None:
    assert shuffled_p(0.6, np.array([0.5, 0.6, 0.7])) == 0.75
    assert shuffled_p(0.9, np.full(99, 0.5)) == 0.01
