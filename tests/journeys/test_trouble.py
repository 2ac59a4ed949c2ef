"""A courier who does not come: somebody else does, in the same window, and everybody hears it over HTTP."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from app.core.clock import local
from app.home_service import queries
from app.http.principals import Caller
from tests.journeys.conftest import Person, Town
from tests.journeys.test_custody import Post, post  # noqa: F401 - fixtures


async def reports_trouble(post: Post, courier: str, **facts: Any) -> dict[str, Any]:  # noqa: F811
    answer = await post.program.post(f"/v1/partner/runs/{post.day}/{courier}/trouble", facts)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def centre_of(visit: dict[str, Any]) -> uuid.UUID:
    row = await queries.by_id(uuid.UUID(visit["id"]))
    assert row is not None
    return row.centre_id


async def seen_by(citizen: Person, visit: dict[str, Any]) -> dict[str, Any]:
    answer = await citizen.get(f"/v1/home-visits/{visit['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_tu_does_not_come_and_mai_does(town: Town, post: Post) -> None:  # noqa: F811
    citizen = Person(town.http, (await town.sign_in(Caller.CITIZEN)).headers)
    visit = await post.called_to(citizen)
    await post.hires("mai")
    before = await seen_by(citizen, visit)
    opens = datetime.fromisoformat(visit["window"]["starts_at"])

    found = await reports_trouble(post, "tu", kind="absent", occurred_at=local(opens).isoformat())
    again = await reports_trouble(post, "tu", kind="absent", occurred_at=local(opens).isoformat())
    after = await seen_by(citizen, visit)

    assert found == {"moved": [visit["id"]], "at_risk": []}
    assert again == {"moved": [], "at_risk": []}
    assert (before["courier_name"], after["courier_name"]) == ("Tu", "Mai")
    for told in (before, after):
        earliest, latest = (datetime.fromisoformat(told["eta"][name]) for name in ("earliest", "latest"))
        assert opens <= earliest < latest <= opens + timedelta(hours=2)

    runs = (await post.program.get(f"/v1/partner/runs/{post.day}")).json()["features"]
    kinds = [(each["geometry"]["type"], each["properties"]["courier"]) for each in runs]
    assert kinds == [("LineString", "mai"), ("Point", "mai")]
    assert runs[1]["properties"]["task_id"] == visit["id"]
    assert runs[1]["properties"]["state"] == "assigned"
    assert "Hoa" not in str(runs)


async def test_nobody_else_can_come_and_a_supervisor_is_called(town: Town, post: Post) -> None:  # noqa: F811
    citizen = Person(town.http, (await town.sign_in(Caller.CITIZEN)).headers)
    visit = await post.called_to(citizen)
    opens = datetime.fromisoformat(visit["window"]["starts_at"])

    found = await reports_trouble(post, "tu", kind="vehicle", occurred_at=local(opens).isoformat())
    after = await seen_by(citizen, visit)

    assert found == {"moved": [], "at_risk": [visit["id"]]}
    assert (after["status"], after["courier_name"], after["eta"]) == ("confirmed", None, None)
    leader = Person(
        town.http, (await town.sign_in(Caller.CENTRE_LEADER, centre_id=await centre_of(visit))).headers
    )
    incidents = (await leader.get("/v1/staff/home-visit-incidents")).json()["items"]
    assert [(each["reference"], each["kind"]) for each in incidents] == [
        (visit["reference"], "promise_at_risk")
    ]


async def test_another_partners_courier_is_not_there_to_be_in_trouble(town: Town, post: Post) -> None:  # noqa: F811
    stranger = await town.sign_in(Caller.PARTNER, scopes=frozenset({"couriers:write"}))
    other = Person(town.http, stranger.headers)

    answer = await other.post(
        f"/v1/partner/runs/{post.day}/tu/trouble",
        {"kind": "absent", "occurred_at": "2026-11-25T08:00:00+07:00"},
    )

    assert answer.status_code == 404
    assert answer.json()["code"] == "courier_not_found"
