"""One model is in charge of every window, whatever is known in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from geofield.alerts.handover import Deployment, Handover, Handovers

PARTIES = [Deployment("", "aa"), Deployment("next", "bb"), Deployment("third", "bb")]
handovers = st.lists(
    st.builds(Handover, st.integers(0, 50), st.sampled_from(PARTIES)),
    max_size=8,
    unique_by=lambda one: one.from_ms,
)


def known(those: list[Handover]) -> Handovers:
    found = Handovers()
    for one in those:
        found = found.with_handover(one)
    return found


@given(handovers, st.integers(-5, 60))
def test_exactly_one_is_in_charge_of_every_window(those: list[Handover], end_ms: int) -> None:
    holding = [one for one in PARTIES if known(those).leads(one, end_ms)]
    past = [one for one in those if one.from_ms <= end_ms]
    assert holding == [max(past).deployment if past else PARTIES[0]]


@given(handovers.flatmap(lambda those: st.tuples(st.just(those), st.permutations(those))))
def test_the_order_in_which_handovers_come_is_no_matter(
    both: tuple[list[Handover], list[Handover]],
) -> None:
    assert known(both[0]) == known(both[1]) == known([*both[1], *both[0]])


@given(handovers, st.integers(-5, 60), st.integers(0, 60))
def test_a_later_handover_changes_no_window_before_it(
    those: list[Handover], end_ms: int, later_ms: int
) -> None:
    found = known(those)
    after = found.with_handover(Handover(end_ms + 1 + later_ms, PARTIES[1]))
    assert [after.leads(one, end_ms) for one in PARTIES] == [
        found.leads(one, end_ms) for one in PARTIES
    ]


def test_a_handover_takes_the_place_of_one_for_the_same_time() -> None:
    found = known([Handover(10, PARTIES[1]), Handover(10, PARTIES[0])])
    assert found.known == (Handover(10, PARTIES[0]),)


def test_a_line_that_is_restarted_with_another_model_is_not_in_charge() -> None:
    found = known([Handover(5, PARTIES[1])])
    assert found.leads(Deployment("next", "bb"), 10)
    assert not found.leads(Deployment("next", "dd"), 10)


@given(handovers, st.integers(-5, 60), st.integers(0, 60))
def test_somebody_publishes_the_dead_letter_of_every_refused_record(
    those: list[Handover], sent_ms: int, newest_ms: int
) -> None:
    found = known(those)
    publishing = [one for one in PARTIES if found.leads_refused(one, sent_ms, newest_ms)]
    assert 1 <= len(publishing) <= 2
