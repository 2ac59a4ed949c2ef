"""A contract is read strictly: what is wrong is named by its place, and nothing is written."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest

from app.core.database import DB
from app.core.errors import Refusal
from app.http.body import InvalidValue
from partners.postal.contract_file import put
from partners.postal.errors import PartnerNotFound

AGREED: dict[str, Any] = {
    "partner": "vnpost",
    "decision": "1234/QĐ-UBND",
    "valid_from": "2026-12-01",
    "valid_to": "2027-11-30",
    "tasks": ["collection"],
    "procedures": ["*"],
    "communes": ["14638"],
    "terms": [{"figure": "promise_kept", "target": 97, "per_point_vnd": 2_000_000}],
}


@pytest.fixture
async def vnpost(database: object) -> uuid.UUID:
    assert DB.pool is not None
    partner_id = uuid.uuid4()
    await DB.pool.execute(
        "INSERT INTO courier_partner (id, code, name_vi, name_en, created_at)"
        " VALUES ($1, 'vnpost', 'a', 'a', now())",
        partner_id,
    )
    return partner_id


async def written() -> int:
    assert DB.pool is not None
    return int(await DB.pool.fetchval("SELECT count(*) FROM courier_contract"))


async def test_a_file_twice_is_one_contract(vnpost: uuid.UUID, now: datetime) -> None:
    await put(json.dumps(AGREED).encode(), now=now)
    again = await put(json.dumps(AGREED | {"communes": ["*"]}).encode(), now=now)

    assert (again.partner_id, again.version, again.communes, again.centres) == (vnpost, 2, ["*"], ["*"])
    assert await written() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"tasks": []}, "/tasks"),
        ({"tasks": ["flying"]}, "/tasks/0"),
        ({"communes": ["; DROP"]}, "/communes/0"),
        ({"valid_from": "soon"}, "/valid_from"),
        ({"terms": [{"figure": "smiles", "target": 1}]}, "/terms/0/figure"),
        ({"terms": [{"figure": "promise_kept", "target": 97, "flat_vnd": -1}]}, "/terms/0/flat_vnd"),
        ({"more": 1}, ""),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(
    vnpost: uuid.UUID, now: datetime, wrong: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        await put(json.dumps(AGREED | wrong).encode(), now=now)

    assert refused.value.facts["errors"][0]["pointer"] == pointer
    assert await written() == 0


async def test_a_partner_nobody_knows_and_an_end_before_the_beginning_are_refused(
    vnpost: uuid.UUID, now: datetime
) -> None:
    with pytest.raises(PartnerNotFound):
        await put(json.dumps(AGREED | {"partner": "nobody"}).encode(), now=now)
    with pytest.raises(Refusal):
        await put(json.dumps(AGREED | {"valid_to": "2026-11-30"}).encode(), now=now)
    assert await written() == 0
