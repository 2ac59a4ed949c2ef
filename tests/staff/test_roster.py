"""The roster: lawful terms, and a standby officer who takes over a counter."""

import asyncio
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.database import fetch_value
from app.http.principals import Caller
from app.queue import operations as queue
from app.sample import files
from app.sample.files import sample_id
from app.sample.places import counter_id
from app.sample.seed import load_catalogue
from app.staff import operations, queries, rules
from app.staff.errors import (
    NotOnStandby,
    OfficerNotFound,
    ShiftNotFound,
    TermNotValid,
    TermOverlap,
)

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
HOA_LU_ENTRY = next(e for e in files.centres().centres if e.code == "HCC-14329")
HOA_LU = HOA_LU_ENTRY.id
TAY_HOA_LU = sample_id("centre", "HCC-14533")
MINH = sample_id("officer", "minh")
MINHS_SHIFT = sample_id("shift", "minh|2026-01-01")
HOAS_SHIFT = sample_id("shift", "hoa|2026-07-01")
COUNTER_2 = counter_id(HOA_LU_ENTRY, 2)

days = st.dates(date(2020, 1, 1), date(2080, 12, 31))


@pytest.fixture
async def sample(database: object) -> None:
    assert database
    await load_catalogue(now=NOW)


@given(start=days, length=st.integers(0, 1200))
def test_a_term_of_12_to_24_months_is_lawful_and_no_other(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    lawful = rules.term_is_lawful(start, end)

    if length < 363 or length > 731:
        assert not lawful
    if 366 <= length <= 728:
        assert lawful
    assert rules.term_is_lawful(start, end, override_reason="Cán bộ biệt phái 6 tháng")


def test_a_term_of_exactly_one_or_two_years_is_lawful() -> None:
    start = date(2026, 1, 1)
    assert rules.term_is_lawful(start, date(2026, 12, 31))
    assert not rules.term_is_lawful(start, date(2026, 12, 30))
    assert rules.term_is_lawful(start, date(2027, 12, 31))
    assert not rules.term_is_lawful(start, date(2028, 1, 1))
    assert not rules.term_is_lawful(start, date(2025, 1, 1), override_reason="x")


def test_the_centre_is_told_60_30_and_7_days_before_a_term_ends() -> None:
    end = date(2026, 12, 31)
    told = [n for n in range(100) if rules.alert_is_due(end - timedelta(days=n), ends_on=end)]
    assert told == [7, 30, 60]


async def assigned(**facts: Any) -> queries.ShiftRow:
    defaults: dict[str, Any] = {
        "officer_id": MINH,
        "centre_id": HOA_LU,
        "kind": "official",
        "starts_on": date(2028, 1, 1),
        "ends_on": date(2028, 12, 31),
        "decision": "Quyết định 5/QĐ",
        "now": NOW,
    }
    return await operations.assign(**(defaults | facts))


@pytest.mark.usefixtures("sample")
async def test_an_officer_has_one_term_at_a_time() -> None:
    row = await assigned()

    assert row.officer_name == "Trần Văn Minh"
    with pytest.raises(TermOverlap):
        await assigned(starts_on=date(2028, 12, 31), ends_on=date(2029, 12, 30))


@pytest.mark.usefixtures("sample")
async def test_two_leaders_assigning_at_once_make_one_term() -> None:
    answers = await asyncio.gather(*(assigned() for _ in range(6)), return_exceptions=True)

    assert sum(isinstance(answer, queries.ShiftRow) for answer in answers) == 1
    assert sum(isinstance(answer, TermOverlap) for answer in answers) == 5


@pytest.mark.usefixtures("sample")
async def test_a_term_needs_the_law_and_an_officer_of_the_centre() -> None:
    with pytest.raises(TermNotValid):
        await assigned(ends_on=date(2028, 3, 1))
    with pytest.raises(OfficerNotFound):
        await assigned(centre_id=TAY_HOA_LU)
    kept = await assigned(ends_on=date(2028, 3, 1), override_reason="Thay người nghỉ thai sản")
    assert kept.override_reason


@pytest.mark.usefixtures("sample")
async def test_a_standby_officer_takes_over_a_counter_once_a_day() -> None:
    facts = {"shift_id": HOAS_SHIFT, "centre_id": HOA_LU, "counter_id": COUNTER_2, "now": NOW}
    first = await queue.activate_standby(**facts)  # type: ignore[arg-type]  # one dict, twice
    second = await queue.activate_standby(**facts)  # type: ignore[arg-type]  # the same

    assert first.standing_in_at == [COUNTER_2]
    assert second == first
    facts_told = await fetch_value("SELECT count(*) FROM outbox WHERE kind = 'shift.standby_activated'")
    assert facts_told == 1


@pytest.mark.usefixtures("sample")
async def test_only_a_standby_officer_of_the_centre_and_in_term_stands_in() -> None:
    with pytest.raises(NotOnStandby):
        await queue.activate_standby(shift_id=MINHS_SHIFT, centre_id=HOA_LU, counter_id=COUNTER_2, now=NOW)
    with pytest.raises(NotOnStandby):
        await queue.activate_standby(
            shift_id=HOAS_SHIFT,
            centre_id=HOA_LU,
            counter_id=COUNTER_2,
            now=datetime(2029, 1, 1, tzinfo=UTC),
        )
    with pytest.raises(ShiftNotFound):
        await queue.activate_standby(
            shift_id=HOAS_SHIFT, centre_id=TAY_HOA_LU, counter_id=COUNTER_2, now=NOW
        )


@pytest.mark.usefixtures("sample")
async def test_the_roster_over_http_shows_one_centre_and_lets_its_lead_call_hoa(
    client: httpx.AsyncClient, sign_in: Any
) -> None:
    lead = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=HOA_LU)
    roster = await client.get("/v1/staff/roster?on=2026-11-25", headers=lead.headers)
    called = await client.post(
        f"/v1/staff/roster/{HOAS_SHIFT}/activate-standby",
        json={"counter_id": str(COUNTER_2)},
        headers=lead.headers,
    )

    assert [(row["name"], row["kind"]) for row in roster.json()["items"]] == [
        ("Lê Thu Hà", "official"),
        ("Nguyễn Quốc Bình", "official"),
        ("Trần Văn Minh", "official"),
        ("Phạm Thị Hoa", "standby"),
    ]
    assert called.status_code == 200, called.text
    assert called.json()["standing_in_at"] == [str(COUNTER_2)]


@pytest.mark.usefixtures("sample")
async def test_only_a_leader_assigns_and_only_at_home(client: httpx.AsyncClient, sign_in: Any) -> None:
    body = {
        "officer_id": str(MINH),
        "kind": "official",
        "starts_on": "2028-01-01",
        "ends_on": "2028-12-31",
        "decision": "Quyết định 5/QĐ",
    }
    officer = await sign_in(Caller.OFFICER, centre_id=HOA_LU)
    stranger = await sign_in(Caller.OFFICER, Caller.CENTRE_LEADER, centre_id=TAY_HOA_LU)
    leader = await sign_in(Caller.OFFICER, Caller.CENTRE_LEADER, centre_id=HOA_LU)

    async def post(headers: dict[str, str], **changes: object) -> httpx.Response:
        return await client.post("/v1/staff/roster", json=body | changes, headers=headers)

    assert (await post({})).status_code == 401
    assert (await post(officer.headers)).status_code == 403
    assert (await post(stranger.headers)).status_code == 404
    assert (await post(leader.headers, ends_on="2028-02-01")).status_code == 422
    assert (await post(leader.headers)).status_code == 201
    assert (await post(leader.headers)).status_code == 409
    assert (await post(leader.headers, officer_id=str(uuid.uuid4()))).status_code == 404
