"""When a message may leave: people sleep, and what they have just asked for comes at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ZONE, local
from notifications import policy
from notifications.templates import Category

moments = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(now=moments)
def test_what_can_wait_never_leaves_while_people_sleep(now: datetime) -> None:
    leaves = policy.not_before(Category.TRANSACTIONAL, now=now)

    assert policy.QUIET_UNTIL <= local(leaves).time() < policy.QUIET_FROM
    assert now <= leaves <= now + timedelta(hours=9)


@given(now=moments, category=st.sampled_from([Category.OTP, Category.URGENT]))
def test_a_code_and_an_answer_somebody_waits_for_leave_at_any_hour(
    now: datetime, category: Category
) -> None:
    assert policy.not_before(category, now=now) == now


@pytest.mark.parametrize(
    ("hour", "minute", "day", "until"),
    [
        (21, 29, 24, (24, 21, 29)),
        (21, 30, 24, (25, 6, 30)),
        (23, 59, 24, (25, 6, 30)),
        (0, 0, 25, (25, 6, 30)),
        (6, 29, 25, (25, 6, 30)),
        (6, 30, 25, (25, 6, 30)),
    ],
)
def test_the_quiet_hours_end_at_half_past_six(
    hour: int, minute: int, day: int, until: tuple[int, int, int]
) -> None:
    now = datetime(2026, 11, day, hour, minute, tzinfo=ZONE)

    leaves = local(policy.not_before(Category.TRANSACTIONAL, now=now.astimezone(UTC)))

    assert (leaves.day, leaves.hour, leaves.minute) == until


@given(now=moments, ahead=st.timedeltas(timedelta(), timedelta(days=2)))
def test_quiet_hours_give_way_to_what_comes_within_an_hour_of_their_end_and_to_nothing_else(
    now: datetime, ahead: timedelta
) -> None:
    waits_until = policy.not_before(Category.TRANSACTIONAL, now=now)

    leaves = policy.not_before(Category.TRANSACTIONAL, now=now, event_at=now + ahead)

    too_late = timedelta() < ahead and now + ahead < waits_until + timedelta(minutes=60)
    assert leaves == (now if too_late else waits_until)


@pytest.mark.parametrize(
    ("hour", "minute", "leaves_at"),
    [(6, 0, (24, 23)), (7, 0, (24, 23)), (7, 29, (24, 23)), (7, 30, (25, 6)), (8, 0, (25, 6))],
)
def test_an_hour_before_what_it_is_about_is_early_enough(
    hour: int, minute: int, leaves_at: tuple[int, int]
) -> None:
    leaves = local(
        policy.not_before(
            Category.TRANSACTIONAL,
            now=datetime(2026, 11, 24, 23, 0, tzinfo=ZONE),
            event_at=datetime(2026, 11, 25, hour, minute, tzinfo=ZONE),
        )
    )

    assert (leaves.day, leaves.hour) == leaves_at


@given(happened_at=moments, late=st.timedeltas(timedelta(), timedelta(days=3)))
def test_a_question_about_a_day_comes_the_next_morning_or_later_and_never_at_night(
    happened_at: datetime, late: timedelta
) -> None:
    heard = happened_at + late
    leaves = policy.not_before(Category.NEXT_MORNING, now=heard, happened_at=happened_at)

    assert local(leaves).date() > local(happened_at).date()
    assert local(leaves).time() >= policy.QUIET_UNTIL
    assert local(leaves).time() < policy.QUIET_FROM
    seven = datetime.combine(
        local(happened_at).date() + timedelta(days=1), policy.NEXT_MORNING, tzinfo=ZONE
    )
    assert leaves >= seven
    # On time it is seven o'clock exactly; late it is no later than it must be.
    assert leaves == seven or leaves <= heard + timedelta(hours=9)


@pytest.mark.parametrize(
    ("served", "heard", "leaves"),
    [
        ((24, 8, 0), (24, 8, 0), (25, 7, 0)),
        ((24, 23, 59), (25, 0, 5), (25, 7, 0)),
        ((25, 0, 0), (25, 0, 0), (26, 7, 0)),
        ((24, 16, 0), (25, 6, 45), (25, 7, 0)),
        ((24, 16, 0), (25, 9, 0), (25, 9, 0)),
        ((24, 16, 0), (25, 22, 0), (26, 6, 30)),
    ],
)
def test_an_invitation_leaves_at_seven(
    served: tuple[int, int, int], heard: tuple[int, int, int], leaves: tuple[int, int, int]
) -> None:
    moment, now = (
        datetime(2026, 11, *when, tzinfo=ZONE).astimezone(UTC)  # type: ignore[arg-type, misc]  # day, hour, minute
        for when in (served, heard)
    )

    found = local(policy.not_before(Category.NEXT_MORNING, now=now, happened_at=moment))

    assert (found.day, found.hour, found.minute) == leaves
