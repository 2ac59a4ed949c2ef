"""What the portal lacks, for any timeline and any answer."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.dossiers.states import Status
from partners.portal.rules import LONGEST_PAUSE_S, Verdict, compare, pause_after

statuses = st.sampled_from([status.value for status in Status])
timelines = st.lists(statuses, min_size=1, max_size=8).filter(
    lambda steps: all(a != b for a, b in pairwise(steps))
)


@given(ours=timelines, data=st.data())
def test_what_was_told_and_at_most_one_more_is_found_exactly(ours: list[int], data: st.DataObject) -> None:
    """Whatever was lost of the last answer, nothing is sent again and nothing is left out."""
    told = data.draw(st.integers(1, len(ours)))
    has = data.draw(st.integers(told, min(told + 1, len(ours))))

    standing = compare(ours, told=told, theirs=ours[has - 1])

    assert standing.at == has
    assert standing.verdict is (Verdict.EQUAL if has == len(ours) else Verdict.BEHIND)


@given(ours=timelines, told=st.integers(0, 8), theirs=st.one_of(st.none(), statuses))
def test_nothing_is_skipped_and_a_stranger_is_a_conflict(
    ours: list[int], told: int, theirs: int | None
) -> None:
    told = min(told, len(ours))
    standing = compare(ours, told=told, theirs=theirs)
    match standing.verdict:
        case Verdict.MISSING:
            assert theirs is None
            assert standing.at == 0
        case Verdict.CONFLICT:
            assert theirs is not None
            assert told > 0 or theirs not in ours
        case _:
            assert ours[standing.at - 1] == theirs
            assert standing.at >= told


@given(tries=st.integers(0, 10_000))
def test_a_pause_grows_and_has_an_end(tries: int) -> None:
    assert timedelta(seconds=1) <= pause_after(tries) <= timedelta(seconds=LONGEST_PAUSE_S)
