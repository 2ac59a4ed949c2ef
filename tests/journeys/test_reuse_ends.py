"""A paper is reused until the last day it is valid, and not a day longer."""

import uuid
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import at_local
from app.core.database import fetch
from app.dossiers.reuse import Person, proposals
from app.procedures import queries as procedures
from tests.journeys.conftest import Town
from tests.journeys.test_reuse import CERTIFICATE, MATERNITY, Desk

DAY = timedelta(days=1)


@pytest.fixture
async def desk(town: Town, day: date) -> Desk:
    return await Desk(town, day).begin()


async def coded(desk: Desk, document_id: str, **facts: Any) -> httpx.Response:
    """An officer reads on the paper until when it is valid."""
    path = f"/v1/staff/documents/{document_id}"
    seen = (await desk.officer.get(path)).json()
    return await desk.town.http.put(
        f"{path}/coding",
        json={"name": "Giấy khai sinh", "code": CERTIFICATE} | facts,
        headers=desk.officer.headers | {"If-Match": f'"{seen["version"]}"'},
    )


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        ({"days": -1}, False),
        ({"days": 0}, True),
        ({"days": 1}, True),
        ({"permanent": 1}, True),
        ({}, True),
    ],
    ids=["yesterday", "today", "tomorrow", "permanent", "nothing said"],
)
async def test_what_is_no_longer_valid_is_neither_offered_nor_taken(
    town: Town, desk: Desk, day: date, facts: dict[str, int], offered: bool
) -> None:
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    certificate = await desk.with_result(ticket)
    ends = {"valid_until": str(day + facts["days"] * DAY)} if "days" in facts else {}
    answer = await coded(desk, certificate, is_permanent="permanent" in facts, **ends)
    assert answer.status_code == 200, answer.text

    proposed = await desk.look(ticket)
    accepted = await desk.accept(MATERNITY, ticket, {"component": 1, "document_id": certificate})

    assert [each["document_id"] for each in proposed["items"]] == [certificate] * offered
    if offered:
        assert proposed["items"][0]["valid_until"] == ends.get("valid_until")
        assert accepted.status_code == 201, accepted.text
        assert await desk.figure() == (1, 2)
    else:
        assert (accepted.status_code, accepted.json()["code"]) == (422, "not_reusable")
        assert await desk.figure() == (0, 1)


async def test_the_last_day_ends_at_midnight_in_viet_nam(town: Town, desk: Desk, day: date) -> None:
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    certificate = await desk.with_result(ticket)
    await coded(desk, certificate, valid_until=str(day + 30 * DAY))
    procedure = await procedures.by_code(MATERNITY, on=day)
    assert procedure is not None
    [owner] = await fetch("SELECT owner_id FROM document WHERE id = $1", uuid.UUID(certificate))
    person = Person(owner["owner_id"], None)
    midnight = at_local(day + 31 * DAY, 0)

    before = await proposals(procedure, person, now=midnight - timedelta(microseconds=1))
    after = await proposals(procedure, person, now=midnight)

    assert [str(each.document_id) for each in before] == [certificate]
    assert after == []
