"""What a leg costs, what is owed, what is given back: values in, verdict out."""

import uuid
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.payments import rules
from app.payments.rules import Bill, CaseKind, ChargeRow, Exemption, Purse, Taken, Tariff

NEAR, FAR, FARTHER = Tariff(10, 26_000, ""), Tariff(20, 32_000, ""), Tariff(None, 41_000, "")
AMOUNTS = st.integers(0, 500_000)


class Goods(NamedTuple):
    code: str
    sector: str


def line(amount: int | None, *, purse: str = "state", state: str = "due", code: str = "1") -> ChargeRow:
    return ChargeRow(uuid.uuid4(), uuid.uuid4(), purse, code, amount, "", state, "")


@pytest.mark.parametrize(
    ("km", "tariff"),
    [(0.0, NEAR), (10.0, NEAR), (10.01, FAR), (20.0, FAR), (20.5, FARTHER), (400.0, FARTHER)],
)
def test_a_leg_costs_what_the_nearest_reaching_distance_says(km: float, tariff: Tariff) -> None:
    assert rules.tariff_for([FARTHER, NEAR, FAR], km=km) == tariff


def test_where_the_tariff_ends_there_is_no_price() -> None:
    assert rules.tariff_for([NEAR, FAR], km=30) is None


@given(
    lines=st.lists(st.tuples(AMOUNTS, st.sampled_from(list(Purse)), st.sampled_from(["due", "waived"]))),
    paid=AMOUNTS,
)
def test_owed_less_over_is_due_less_paid_and_only_one_of_them_stands(
    lines: list[tuple[int, Purse, str]], paid: int
) -> None:
    bill = Bill([line(a, purse=p, state=s) for a, p, s in lines], {Purse.STATE: paid})

    due = sum(a for a, p, s in lines if p is Purse.STATE and s == "due")
    assert bill.owed(Purse.STATE) - bill.over(Purse.STATE) == due - paid
    assert 0 in (bill.owed(Purse.STATE), bill.over(Purse.STATE))
    assert bill.owed(Purse.POSTAGE) == sum(a for a, p, s in lines if p is Purse.POSTAGE and s == "due")


def test_one_leg_is_free_only_when_each_of_its_procedures_is() -> None:
    free = [Exemption("poor", "postage", "social", None, False)]
    social, civil = Goods("1", "social"), Goods("2", "civil")

    assert rules.postage_exempt(free, [social]) == "poor"
    assert rules.postage_exempt(free, [social, civil]) == ""
    assert rules.postage_exempt(free, []) == ""


def test_a_paper_frees_what_its_group_covers_and_nothing_else() -> None:
    groups = [
        Exemption("HN", "state", "civil", None, True),
        Exemption("HN", "postage", None, None, True),
        Exemption("auto", "state", None, None, False),
    ]
    civil, land, leg = line(1, code="2"), line(2, code="3"), line(3, purse="postage", code="")
    bill = Bill([civil, land, leg], {})
    sectors = {"2": "civil", "3": "land"}

    def freed(purse: Purse, code: str) -> list[ChargeRow]:
        return rules.freed(bill, groups, sectors, purse=purse, code=code)

    assert freed(Purse.STATE, "HN") == [civil]
    assert freed(Purse.POSTAGE, "HN") == [leg]
    assert freed(Purse.STATE, "auto") == []
    assert freed(Purse.STATE, "??") == []


@pytest.mark.parametrize(
    ("difference", "handed_in", "kind"),
    [
        (0, True, None),
        (0, False, None),
        (5, True, CaseKind.CASH_SHORT),
        (5, False, CaseKind.NOT_REMITTED),
        (-5, True, CaseKind.CASH_OVER),
    ],
)
def test_what_a_couriers_day_says(difference: int, handed_in: bool, kind: CaseKind | None) -> None:
    assert rules.case_of_cash(difference, handed_in=handed_in) == kind


@given(left=st.lists(AMOUNTS), amount=AMOUNTS)
def test_so_much_is_reversed_as_is_given_back_and_never_more_than_was_taken(
    left: list[int], amount: int
) -> None:
    taken = [Taken(uuid.uuid4(), part) for part in left]

    undone = {one.entry_id: one.amount_vnd for one in rules.undo(taken, amount_vnd=amount)}

    assert sum(undone.values()) == min(amount, sum(left))
    assert all(0 < undone[one.entry_id] <= one.left_vnd for one in taken if one.entry_id in undone)
