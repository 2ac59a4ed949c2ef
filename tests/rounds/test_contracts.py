"""What a contract lets couriers do, on which days, and what a broken figure costs."""

import uuid
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.database import DB
from app.home_service import operations
from app.rounds import contracts
from app.rounds.blocks import covers, required, skills_on_duty
from app.rounds.contracts import ContractRow
from app.rounds.errors import ContractOverlap, SkillOutsideContract
from app.rounds.penalties import LOWER_IS_BETTER, Figure, Term, is_met, penalty_vnd, value_of
from app.rounds.scope import Scope
from tests.rounds.conftest import PARTNER, Hire

KIM_SON, HOA_LU_WARD = "14638", "14329"
DISABILITY, OTHER = "1.001699", "2.000815"
TU = uuid.UUID(int=1)


def scope(
    *,
    tasks: tuple[str, ...] = ("collection", "delivery"),
    procedures: tuple[str, ...] = ("*",),
    communes: tuple[str, ...] = ("*",),
) -> Scope:
    return Scope(frozenset(tasks), frozenset(procedures), frozenset(communes))


def may(skills: tuple[str, ...], under: Scope | None, kind: str, procedure: str, commune: str) -> bool:
    duty = skills_on_duty(skills, under)
    return all(covers(duty, asked, courier_id=TU) for asked in required(kind, [procedure], commune))


@pytest.mark.parametrize(
    ("skills", "under", "allowed"),
    [
        (("*",), None, True),
        (("*",), scope(), True),
        (("*",), scope(procedures=(DISABILITY,)), True),
        (("*",), scope(procedures=(OTHER,)), False),
        (("*",), scope(tasks=("delivery",)), False),
        (("*",), scope(communes=(KIM_SON,)), True),
        (("*",), scope(communes=(HOA_LU_WARD,)), False),
        (("collection", DISABILITY), scope(), True),
        (("collection", OTHER), scope(), False),
        (("delivery", DISABILITY), scope(), False),
        (("collection", DISABILITY), scope(procedures=(OTHER,)), False),
    ],
)
def test_a_duty_is_asked_for_what_both_the_courier_and_the_contract_allow(
    skills: tuple[str, ...], under: Scope | None, *, allowed: bool
) -> None:
    assert may(skills, under, "collection", DISABILITY, KIM_SON) is allowed


words = st.sampled_from(["collection", "delivery", "*", DISABILITY, OTHER])
scopes = st.builds(
    Scope,
    st.frozensets(st.sampled_from(["collection", "delivery"])),
    st.frozensets(st.sampled_from(["*", DISABILITY, OTHER])),
    st.frozensets(st.sampled_from(["*", KIM_SON, HOA_LU_WARD])),
)


@given(
    skills=st.frozensets(words),
    under=scopes,
    kind=st.sampled_from(["collection", "delivery"]),
    procedure=st.sampled_from([DISABILITY, OTHER]),
    commune=st.sampled_from([KIM_SON, HOA_LU_WARD]),
)
def test_a_contract_only_ever_narrows(
    skills: frozenset[str], under: Scope, kind: str, procedure: str, commune: str
) -> None:
    own = "*" in skills or {kind, procedure} <= skills
    agreed = (
        kind in under.tasks
        and bool({"*", procedure} & under.procedures)
        and bool({"*", commune} & under.communes)
    )

    assert may(tuple(skills), under, kind, procedure, commune) is (own and agreed)


async def put(now: datetime, **facts: Any) -> ContractRow:
    usual: dict[str, Any] = {
        "partner_id": PARTNER,
        "decision": "1234/QĐ-UBND",
        "valid_from": now.date() - timedelta(days=10),
        "valid_to": None,
        "scope": scope(),
        "assigned_by": "motcua",
        "terms": [],
    }
    return await operations.put_contract(now=now, **(usual | facts))


async def duties(day: date) -> list[list[str]]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT skills FROM duty WHERE date = $1 ORDER BY block", day)
    return [sorted(row["skills"]) for row in rows]


async def test_a_contract_narrows_duties_that_are_there_and_those_to_come(
    hire: Hire, day: date, now: datetime
) -> None:
    await hire("tu")
    assert await duties(day) == [["*", "commune:*"]] * 2

    await put(now, scope=scope(tasks=("delivery",), communes=(KIM_SON,)))
    assert await duties(day) == [[f"commune:{KIM_SON}", "delivery", "procedure:*"]] * 2

    await hire("ha")
    assert await duties(day) == [[f"commune:{KIM_SON}", "delivery", "procedure:*"]] * 4

    again = await put(now, scope=scope())
    assert again.version == 2
    assert await duties(day) == [["collection", "commune:*", "delivery", "procedure:*"]] * 4


async def test_a_day_that_no_contract_covers_is_worked_for_nobody(
    hire: Hire, day: date, now: datetime
) -> None:
    await hire("tu")

    await put(now, valid_to=day - timedelta(days=1))

    assert await duties(day) == [[]] * 2


async def test_a_courier_with_a_skill_outside_the_contract_is_refused_and_nothing_changes(
    hire: Hire, now: datetime
) -> None:
    await put(now, scope=scope(tasks=("delivery",), procedures=(DISABILITY,)))

    with pytest.raises(SkillOutsideContract) as refused:
        await hire("tu", skills=("delivery", "collection", OTHER, DISABILITY))

    places = [error["pointer"] for error in refused.value.facts["errors"]]
    assert places == ["/skills/1", "/skills/2"]
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM courier") == 0
    assert (await hire("tu", skills=("delivery", DISABILITY))).skills == [DISABILITY, "delivery"]
    assert (await hire("ha", skills=("*",))).skills == ["*"]
    assert (await hire("son", skills=("collection",), partner_id=uuid.uuid4())).active


async def test_a_skill_of_a_contract_that_ended_is_outside(hire: Hire, now: datetime) -> None:
    await put(now, valid_to=now.date() - timedelta(days=2))

    with pytest.raises(SkillOutsideContract):
        await hire("tu", skills=("collection",))


async def test_two_contracts_of_a_partner_never_hold_on_one_day(database: object, now: datetime) -> None:
    today = now.date()
    await put(now, valid_from=today, valid_to=today + timedelta(days=30))

    with pytest.raises(ContractOverlap):
        await put(now, decision="1235/QĐ-UBND", valid_from=today + timedelta(days=30))
    await put(now, decision="1235/QĐ-UBND", valid_from=today + timedelta(days=31))
    await put(now, partner_id=uuid.uuid4(), valid_from=today)

    held = await contracts.of_partner(PARTNER)
    assert [contract.decision for contract in held] == ["1234/QĐ-UBND", "1235/QĐ-UBND"]
    found = contracts.on(held, today + timedelta(days=31))
    assert found is not None
    assert found.decision == "1235/QĐ-UBND"
    assert contracts.on(held, today - timedelta(days=1)) is None


KEPT = Term(figure=Figure.PROMISE_KEPT, target=97, flat_vnd=10, per_point_vnd=100, most_vnd=450)


@pytest.mark.parametrize(
    ("term", "counted", "owed"),
    [
        (KEPT, (97, 100), 0),
        (KEPT, (969, 1000), 10),
        (KEPT, (95, 100), 210),
        (KEPT, (50, 100), 450),
        (KEPT, (0, 0), 0),
        (Term(figure=Figure.INCOMPLETE_AFTER_CHECK, target=2, per_point_vnd=7), (5, 100), 21),
        (Term(figure=Figure.INCOMPLETE_AFTER_CHECK, target=2, per_point_vnd=7), (2, 100), 0),
        (Term(figure=Figure.WEBHOOK_P95_S, target=60, flat_vnd=3, per_point_vnd=1), (70, 9), 13),
        (Term(figure=Figure.WEBHOOK_P95_S, target=60, flat_vnd=3), (60, 9), 0),
        (Term(figure=Figure.WEBHOOK_P95_S, target=0, flat_vnd=3), (0, 0), 0),
    ],
)
def test_a_broken_figure_costs_what_was_agreed(term: Term, counted: tuple[int, int], owed: int) -> None:
    assert penalty_vnd(term, value_of(term.figure, *counted)) == owed


@given(
    figure=st.sampled_from(Figure),
    target=st.integers(0, 100),
    value=st.fractions(0, 200),
    flat=st.integers(0, 1000),
    per_point=st.integers(0, 1000),
    most=st.integers(0, 10_000),
)
def test_a_penalty_is_owed_only_for_what_is_broken_and_never_more_than_the_most(
    figure: Figure, target: int, value: Fraction, flat: int, per_point: int, most: int
) -> None:
    term = Term(figure=figure, target=target, flat_vnd=flat, per_point_vnd=per_point, most_vnd=most)
    worse = value + 1 if figure in LOWER_IS_BETTER else value - 1

    owed = penalty_vnd(term, value)

    assert owed <= most
    assert not (is_met(term, value) and owed)
    assert penalty_vnd(term, worse) >= owed
