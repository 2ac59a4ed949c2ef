"""By which way a message goes, judged without a machine."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.citizens.rules import Channel
from notifications import ways
from notifications.classification import Verdict
from notifications.templates import TEMPLATES, Category
from notifications.ways import OF_SMS, Standing, Way

ALL = frozenset(Way)
SECOND = timedelta(seconds=1)
reachable_ways = st.frozensets(st.sampled_from(list(Way))).map(lambda found: found | {Way.SMS})


@given(
    template=st.sampled_from(list(TEMPLATES.values())),
    chosen=st.sampled_from(list(Channel)),
    reachable=reachable_ways,
    first=st.sampled_from(OF_SMS),
)
def test_every_route_leads_somewhere_and_tells_no_way_twice(
    template: object, chosen: Channel, reachable: frozenset[Way], first: Way
) -> None:
    route = ways.route(template, chosen=chosen, reachable=reachable, sms_first=first)  # type: ignore[arg-type]

    tried = [*route.steps, *route.beside]
    assert route.steps
    assert set(tried) <= reachable
    assert len(set(tried)) == len(tried)


@given(chosen=st.sampled_from(list(Channel)), reachable=reachable_ways)
def test_a_code_goes_by_sms_and_by_nothing_else(chosen: Channel, reachable: frozenset[Way]) -> None:
    route = ways.route(TEMPLATES["otp"], chosen=chosen, reachable=reachable)

    assert route.beside == ()
    assert set(route.steps) <= set(OF_SMS)


@pytest.mark.parametrize(
    ("template", "chosen", "steps", "beside"),
    [
        ("ticket_called", Channel.EMAIL, ("sms", "brandname", "zalo"), ("push",)),
        ("appointment_confirmed", Channel.NONE, ("sms", "brandname", "zalo"), ("push", "email")),
        ("dossier_accepted", Channel.SMS, ("sms", "brandname", "zalo", "push"), ("email",)),
        ("dossier_accepted", Channel.ZALO, ("zalo", "sms", "brandname", "push"), ("email",)),
        ("dossier_accepted", Channel.EMAIL, ("email", "sms", "brandname", "zalo", "push"), ()),
        ("survey_invitation", Channel.PUSH, ("push", "sms", "brandname", "zalo", "email"), ()),
    ],
)
def test_the_order_is_what_was_chosen_then_the_others(
    template: str, chosen: Channel, steps: tuple[str, ...], beside: tuple[str, ...]
) -> None:
    route = ways.route(TEMPLATES[template], chosen=chosen, reachable=ALL)

    assert (route.steps, route.beside) == (steps, beside)


def test_the_domestic_provider_may_be_the_first() -> None:
    route = ways.route(
        TEMPLATES["dossier_accepted"], chosen=Channel.SMS, reachable=ALL, sms_first=Way.BRANDNAME
    )

    assert route.steps[:2] == (Way.BRANDNAME, Way.SMS)


@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("state", ["rejected", "undelivered", "gave_up"])
def test_what_failed_goes_on_by_the_next_way(category: Category, state: str) -> None:
    assert ways.after(Way.SMS, Standing(state, SECOND), category=category).go_on


def test_what_was_blocked_as_fraud_goes_on_by_none() -> None:
    stands = Standing("rejected", SECOND, verdict=Verdict.FRAUD)

    assert ways.after(Way.SMS, stands, category=Category.OTP) == ways.DONE


@pytest.mark.parametrize(
    ("way", "category", "state", "waited_s", "goes_on"),
    [
        (Way.SMS, Category.URGENT, "ready", 29, False),
        (Way.SMS, Category.URGENT, "ready", 30, True),
        (Way.SMS, Category.URGENT, "unknown", 30, True),
        (Way.SMS, Category.OTP, "ready", 30, True),
        (Way.SMS, Category.OTP, "unknown", 30, False),
        (Way.SMS, Category.TRANSACTIONAL, "ready", 3599, False),
        (Way.SMS, Category.TRANSACTIONAL, "ready", 3600, True),
        (Way.BRANDNAME, Category.NEXT_MORNING, "ready", 3599, False),
        (Way.ZALO, Category.TRANSACTIONAL, "ready", 599, False),
        (Way.ZALO, Category.TRANSACTIONAL, "ready", 600, True),
    ],
)
def test_what_cannot_wait_leaves_a_way_that_is_down_and_all_else_waits_an_outage_out(
    way: Way, category: Category, state: str, waited_s: int, goes_on: bool
) -> None:
    stands = Standing(state, timedelta(seconds=waited_s))

    assert ways.after(way, stands, category=category).go_on is goes_on


@pytest.mark.parametrize(
    ("way", "taken_s", "expected"),
    [
        (Way.SMS, 3600, ways.DONE),
        (Way.EMAIL, 3600, ways.DONE),
        (Way.ZALO, 119, ways.Next(after=SECOND)),
        (Way.ZALO, 120, ways.GO_ON),
        (Way.PUSH, 29, ways.Next(after=SECOND)),
        (Way.PUSH, 30, ways.GO_ON),
    ],
)
def test_a_receipt_is_waited_for_where_one_means_something(
    way: Way, taken_s: int, expected: ways.Next
) -> None:
    stands = Standing("accepted", timedelta(hours=2), taken=timedelta(seconds=taken_s))

    assert ways.after(way, stands, category=Category.TRANSACTIONAL) == expected


@pytest.mark.parametrize("state", ["delivered", "expired", "superseded"])
def test_what_is_over_is_over(state: str) -> None:
    assert ways.after(Way.ZALO, Standing(state, SECOND), category=Category.URGENT) == ways.DONE
