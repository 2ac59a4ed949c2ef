"""Ways of the sandbox's courier: by the table of moves, and only by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.home_service.states import Kind, Report, State, after
from partners.postal.sandbox.ways import NATURAL_END, way


@given(kind=st.sampled_from(Kind), start=st.sampled_from(State), end=st.sampled_from(State))
def test_a_way_is_made_of_moves_and_ends_where_it_should(kind: Kind, start: State, end: State) -> None:
    steps = way(kind, start, end)

    here = start
    for step in steps or ():
        if step.report is None:
            assert (here, step.leads_to) == (State.HANDED_OVER, State.AT_CENTRE)
        elif step.leads_to is State.INCOMPLETE:
            assert (here, step.report) == (State.ARRIVED, Report.COUNTED)
        else:
            assert after(kind, here, step.report) is step.leads_to
        here = step.leads_to
    assert steps is None or here is end


@pytest.mark.parametrize(
    ("kind", "end"), [(kind, end) for kind in Kind for end in (NATURAL_END[kind], State.CONFIRMED)]
)
def test_every_kind_has_a_way_from_its_courier_to_its_end(kind: Kind, end: State) -> None:
    assert way(kind, State.ASSIGNED, end)


def test_every_state_a_courier_can_reach_is_reached() -> None:
    reached = {
        kind: {state for state in State if way(kind, State.ASSIGNED, state) is not None} for kind in Kind
    }

    assert reached[Kind.COLLECTION] == {
        *(State.CONFIRMED, State.ASSIGNED, State.TAKEN, State.EN_ROUTE, State.ARRIVED, State.COUNTED),
        *(State.INCOMPLETE, State.SEALED, State.AT_HUB, State.HANDED_OVER, State.AT_CENTRE),
        *(State.RETURNED, State.FAILED),
    }
    assert reached[Kind.DELIVERY] == {
        *(State.CONFIRMED, State.ASSIGNED, State.TAKEN, State.SEALED, State.EN_ROUTE, State.ARRIVED),
        *(State.DELIVERED, State.ATTEMPT_FAILED, State.HELD, State.RETURNED),
    }
    assert reached[Kind.ASSISTED_ONLINE] == {
        *(State.CONFIRMED, State.ASSIGNED, State.TAKEN, State.EN_ROUTE, State.ARRIVED),
        *(State.SUBMITTED, State.FAILED),
    }


def test_what_only_the_centre_decides_no_courier_brings_about() -> None:
    for state in (State.ACCEPTED, State.SUPPLEMENT, State.QUARANTINED, State.CANCELLED):
        assert way(Kind.COLLECTION, State.ASSIGNED, state) is None
