"""The interval says how sure a share is, and the questions are the eleven of the law."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.satisfaction import rules
from app.satisfaction.rules import GRADED, LEVELS, QUESTIONS, Answers

counts = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SERVED = datetime(2026, 11, 25, 3, tzinfo=UTC)


@given(counts=counts)
def test_the_interval_holds_the_share_and_stays_a_share(counts: tuple[int, int]) -> None:
    satisfied, n = counts
    interval = rules.wilson(satisfied, n)

    assert interval is not None
    assert 0.0 <= interval.low <= satisfied / n <= interval.high <= 1.0
    assert interval.low < interval.high


@given(counts=counts)
def test_satisfied_and_not_satisfied_are_mirrors(counts: tuple[int, int]) -> None:
    satisfied, n = counts
    one, other = rules.wilson(satisfied, n), rules.wilson(n - satisfied, n)

    assert one is not None and other is not None
    assert one.low == pytest.approx(1 - other.high)
    assert one.high == pytest.approx(1 - other.low)


@given(counts=counts, more=st.integers(2, 20))
def test_more_answers_of_the_same_share_say_more(counts: tuple[int, int], more: int) -> None:
    satisfied, n = counts
    few, many = rules.wilson(satisfied, n), rules.wilson(satisfied * more, n * more)

    assert few is not None and many is not None
    assert many.high - many.low < few.high - few.low


@given(counts=counts)
def test_the_ends_are_where_the_score_test_changes_its_mind(counts: tuple[int, int]) -> None:
    """Wilson's interval is the score test turned round: (p − e)² = z² e (1 − e) / n at both ends."""
    satisfied, n = counts
    interval = rules.wilson(satisfied, n)

    assert interval is not None
    for end in interval:
        gap, spread = (satisfied / n - end) ** 2, rules.Z_95**2 * end * (1 - end) / n
        assert gap == pytest.approx(spread, rel=1e-6, abs=1e-12)


@given(counts=counts.filter(lambda counts: counts[0] < counts[1]))
def test_one_more_satisfied_moves_both_ends_up(counts: tuple[int, int]) -> None:
    satisfied, n = counts
    before, after = rules.wilson(satisfied, n), rules.wilson(satisfied + 1, n)

    assert before is not None and after is not None
    assert after.low > before.low
    assert after.high >= before.high


@pytest.mark.parametrize(
    ("satisfied", "n", "low", "high"),
    [(95, 100, 0.8882, 0.9785), (1, 1, 0.2065, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634)],
)
def test_known_intervals(satisfied: int, n: int, low: float, high: float) -> None:
    assert rules.wilson(satisfied, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_nobody_is_no_share_and_no_interval() -> None:
    assert rules.share(0, 0) is None
    assert rules.wilson(0, 0) is None
    assert rules.share(0, 4) == 0.0


def test_nine_things_are_graded_and_the_last_two_ask_for_the_whole() -> None:
    assert [question.field for question in QUESTIONS] == list(Answers._fields)
    assert len(GRADED) == 9
    for question in QUESTIONS:
        expected = [2, 1, 0] if question.field in GRADED else list(LEVELS)
        assert list(question.choices) == expected
        for words in (question.words, *question.choices.values()):
            assert words.vi and words.en and words.vi != words.en


def test_a_survey_is_open_for_thirty_days() -> None:
    last = SERVED + timedelta(days=30)

    assert rules.may_be_answered(served_at=SERVED, now=last)
    assert not rules.may_be_answered(served_at=SERVED, now=last + timedelta(seconds=1))
