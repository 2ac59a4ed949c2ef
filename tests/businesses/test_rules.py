"""Until when somebody acts for a business, and which tax codes are a business's."""

from datetime import date

import pytest

from app.businesses.rules import Role, Standing, business_code, last_day, period_faults, standing
from app.core.errors import Invalid


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2026, 11, 28), date(2027, 11, 27)),
        (date(2027, 3, 1), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2029, 2, 28)),
    ],
)
def test_a_delegation_that_names_no_end_lasts_one_year(since: date, until: date) -> None:
    assert last_day(Role.DELEGATE, valid_from=since, valid_to=None) == until
    assert last_day(Role.REPRESENTATIVE, valid_from=since, valid_to=None) is None
    assert last_day(Role.DELEGATE, valid_from=since, valid_to=since) == since


@pytest.mark.parametrize(
    ("since", "until", "fault"),
    [
        (date(2026, 11, 28), date(2036, 11, 28), None),
        (date(2026, 11, 27), None, ("valid_from", "in_the_past")),
        (date(2027, 11, 30), None, ("valid_from", "too_far")),
        (date.max, date.max, ("valid_from", "too_far")),
        (date.min, None, ("valid_from", "in_the_past")),
        (date(2026, 11, 29), date(2026, 11, 28), ("valid_to", "before_start")),
        (date(2026, 11, 28), date.max, ("valid_to", "too_far")),
    ],
)
def test_days_that_cannot_be_meant(since: date, until: date | None, fault: tuple[str, str] | None) -> None:
    found = period_faults(valid_from=since, valid_to=until, today=date(2026, 11, 28))

    assert found == ([] if fault is None else [fault])


def test_both_days_are_included_and_a_revocation_outranks_them() -> None:
    first, last = date(2026, 12, 1), date(2026, 12, 31)

    def on(day: date, *, revoked: bool = False) -> Standing:
        return standing(valid_from=first, valid_to=last, revoked=revoked, on=day)

    assert [on(date(2026, 11, 30)), on(first), on(last), on(date(2027, 1, 1))] == [
        Standing.COMING,
        Standing.CURRENT,
        Standing.CURRENT,
        Standing.ENDED,
    ]
    assert on(first, revoked=True) is Standing.REVOKED


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("0100109107", "tax_code_check_digit"),
        ("0100109107-001", "tax_code_check_digit"),
        ("020020020", "invalid_tax_code"),
        ("037090000001", "tax_code_of_person"),
    ],
)
def test_a_tax_code_that_is_no_business_s(raw: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        business_code(raw, pointer="/tax_code")

    assert refused.value.code == code
    (error,) = refused.value.told_facts["errors"]
    assert (error["pointer"], error["code"]) == ("/tax_code", code)
    assert raw not in str(refused.value.facts) + refused.value.words("vi") + refused.value.words("en")


def test_a_business_s_code_as_people_type_it() -> None:
    assert business_code("01 0010 9106") == "0100109106"
    assert business_code("0100109106001") == "0100109106-001"
