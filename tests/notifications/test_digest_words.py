"""What is said where several changes are told in one: always two segments at most, the weightiest first."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.clock import ZONE, local
from app.core.text import without_diacritics
from notifications import policy
from notifications.digests import said
from notifications.digests.said import DIGEST, OTHERS_WITHIN, SAID, Change
from notifications.segments import cost
from notifications.templates import TEMPLATES, Category
from notifications.wordings import rules

MOST_SEGMENTS = 2
COMPLETED, ACCEPTED, RETURNED = "dossier_completed", "dossier_accepted", "dossier_returned"
NUMBERS = st.text(min_size=1, max_size=60) | st.sampled_from(
    ["H" * 30, "ế" * 30, "😀" * 30, "evil.example"]
)


def number(n: int) -> str:
    return f"H42.10-261124-{n:04}"


def change(template: str, n: int) -> Change:
    values = {"number": number(n), "time": "16:00 25/11/2026"}
    return Change(template, said.label(TEMPLATES[template], values))


def text_of(*changes: Change, locale: str = "vi") -> str:
    return DIGEST.render(locale, said.values(changes, locale))


def test_every_message_that_may_be_joined_has_words_where_it_is_one_of_several() -> None:
    joined = {code for code, template in TEMPLATES.items() if template.category is Category.DIGESTABLE}

    assert joined - {DIGEST.code} == set(SAID)
    for code, words in SAID.items():
        for text in words.heading:
            assert not {name for _, name, _, _ in string.Formatter().parse(text) if name}, code
            assert rules.faults(DIGEST, f"Motcua: {text} {{count}} {{items}}", hosts=()) == [], code


def test_what_happened_to_several_is_said_once_over_their_numbers() -> None:
    text = text_of(change(ACCEPTED, 3), change(COMPLETED, 1), change(COMPLETED, 2))

    assert text == (
        f"Motcua: 3 ho so co tin moi. Da co ket qua: {number(1)}, {number(2)}; da tiep nhan, hen tra:"
        f" {number(3)} (16:00 25/11/2026). Xem trong ung dung hoac hoi tai trung tam."
    )


def test_in_english_as_well() -> None:
    text = text_of(change(RETURNED, 2), change("dossier_supplement_requested", 1), locale="en")

    assert text == (
        f"Motcua: news of 2 dossiers. More papers needed: {number(1)}; returned: {number(2)}."
        " See the app, or ask at the centre."
    )


@pytest.mark.parametrize(("locale", "more"), [("vi", "va {} ho so khac"), ("en", "and {} more")])
def test_what_there_is_no_room_for_is_counted_and_is_what_matters_least(locale: str, more: str) -> None:
    changes = [change(ACCEPTED, n) for n in range(30)] + [change(COMPLETED, 77)]

    text = text_of(*changes, locale=locale)

    named = [n for n in (*range(30), 77) if number(n) in text]
    assert 77 in named and 3 < len(named) < 31
    assert "31" in text and more.format(31 - len(named)) in text
    assert cost(text).segments == MOST_SEGMENTS


@pytest.mark.parametrize("locale", ["vi", "en"])
@given(
    told=st.lists(st.tuples(st.sampled_from(list(SAID)), NUMBERS), min_size=1, max_size=40),
    time=st.sampled_from(["16:00 25/11/2026", "x" * 40]),
)
def test_however_many_and_however_long_it_costs_two_segments_at_most(
    told: list[tuple[str, str]], time: str, locale: str
) -> None:
    changes = [
        Change(code, said.label(TEMPLATES[code], {"number": text, "time": time})) for code, text in told
    ]
    values = said.values(changes, locale)
    text = DIGEST.render(locale, values)

    assert (cost(text).encoding, cost(text).segments <= MOST_SEGMENTS) == ("GSM-7", True)
    # Nothing is cut: the count of those left out stands at its end.
    assert len(without_diacritics(values["items"])) <= said.ROOM
    assert values["count"] == str(len(told))


NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("template", "left_minutes_ago", "waits_minutes"),
    [
        (COMPLETED, None, 0),
        (COMPLETED, 4, 6),
        (ACCEPTED, None, 10),
        (ACCEPTED, 4, 10),
        (RETURNED, None, 10),
    ],
)
def test_what_somebody_waits_for_waits_for_none_unless_one_has_just_left(
    template: str, left_minutes_ago: int | None, waits_minutes: int
) -> None:
    left_at = None if left_minutes_ago is None else NOON - timedelta(minutes=left_minutes_ago)

    until = said.waits_until(template, happened_at=NOON, left_at=left_at)

    assert until - NOON == timedelta(minutes=waits_minutes)


def test_what_is_heard_late_has_waited() -> None:
    heard = NOON + timedelta(minutes=30)

    until = said.waits_until(ACCEPTED, happened_at=NOON, left_at=None)

    assert policy.not_before(Category.DIGESTABLE, now=heard, others_until=until) == heard


@given(
    now=st.datetimes(
        min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        max_value=datetime(2027, 12, 31),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    ahead=st.timedeltas(timedelta(), OTHERS_WITHIN),
)
@example(now=datetime(2026, 11, 24, 21, 25, tzinfo=ZONE), ahead=OTHERS_WITHIN)
def test_others_are_waited_for_ten_minutes_at_most_and_never_into_the_night(
    now: datetime, ahead: timedelta
) -> None:
    alone = policy.not_before(Category.DIGESTABLE, now=now)

    leaves = policy.not_before(Category.DIGESTABLE, now=now, others_until=now + ahead)

    assert policy.QUIET_UNTIL <= local(leaves).time() < policy.QUIET_FROM
    assert alone <= leaves <= alone + OTHERS_WITHIN
    late = alone == now and local(now + ahead).time() < policy.QUIET_FROM
    assert leaves == (now + ahead if late else alone)
