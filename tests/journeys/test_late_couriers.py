"""Tú falls behind, and nobody calls: his telephone says it, and everybody it concerns hears it once."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.core.clock import at_local, local
from app.http.principals import Caller
from jobs.schedules import follow_couriers
from tests.journeys.conftest import Person, Town
from tests.journeys.test_custody import PAPERS, Post, post  # noqa: F401 - fixtures
from tests.journeys.test_trouble import centre_of, seen_by

HOA = "+84987654321"
MINUTE = timedelta(minutes=1)


class Morning:
    """Visits of one window in the order of the round, and a courier whose telephone reports."""

    def __init__(self, town: Town, post: Post, calls: list[tuple[Person, dict[str, Any]]]) -> None:  # noqa: F811
        self.town, self.post, self.calls = town, post, calls
        self.opens = datetime.fromisoformat(calls[0][1]["window"]["starts_at"])
        self.ends = datetime.fromisoformat(calls[0][1]["window"]["ends_at"])
        self.seq = 0

    @classmethod
    async def of(cls, town: Town, post: Post, *, doors: int) -> "Morning":  # noqa: F811
        town.at(at_local(post.day, 6))
        calls = []
        for _ in range(doors):
            citizen = Person(town.http, (await town.sign_in(Caller.CITIZEN)).headers)
            calls.append((citizen, await post.called_to(citizen)))
        found = cls(town, post, calls)
        etas = {visit["id"]: await found.eta(citizen, visit) for citizen, visit in calls}
        calls.sort(key=lambda call: etas[call[1]["id"]])
        return found

    async def says(
        self, door: int, kinds: Sequence[str], at: datetime, *, behind: timedelta = timedelta(0)
    ) -> None:
        """Heard a minute later; the telephone's clock may be behind."""
        self.town.at(at + MINUTE)
        events = []
        for kind in kinds:
            self.seq += 1
            events.append(
                {
                    "event_id": str(uuid.uuid4()),
                    "task_id": self.calls[door][1]["id"],
                    "type": kind,
                    "occurred_at": local(at - behind).isoformat(),
                    "device_seq": self.seq,
                    "courier": "tu",
                    "data": {
                        "counted": {"papers": PAPERS},
                        "sealed": {"seal": f"NIEM-{uuid.uuid4().hex[:8]}"},
                    }.get(kind, {}),
                }
            )
        answer = await self.post.program.post(
            "/v1/partner/events",
            {"events": events, "sent_at": local(at + MINUTE - behind).isoformat(), "device_id": "tu-1"},
        )
        assert [each["outcome"] for each in answer.json()["results"]] == ["applied"] * len(kinds), (
            answer.text
        )

    async def ticks(self, at: datetime) -> None:
        """The clock of the worker, twice as it may happen."""
        self.town.at(at)
        await follow_couriers({})
        await follow_couriers({})

    async def eta(self, citizen: Person, visit: dict[str, Any]) -> datetime | None:
        eta = (await seen_by(citizen, visit))["eta"]
        return None if eta is None else datetime.fromisoformat(eta["latest"])

    async def texts(self, words: str) -> list[str]:
        return [body for body in await self.town.texts(HOA) if words in body]


async def test_who_is_next_sees_and_hears_the_new_time_and_it_follows_back(town: Town, post: Post) -> None:  # noqa: F811
    day = await Morning.of(town, post, doors=2)
    planned = await day.eta(*day.calls[1])
    assert planned is not None
    late = day.opens + 50 * MINUTE
    await day.says(0, ["accepted", "en_route", "arrived"], late)

    await day.ticks(late + 2 * MINUTE)

    pushed = await day.eta(*day.calls[1])
    assert pushed is not None and planned + 30 * MINUTE <= pushed <= day.ends
    (told,) = await day.texts("den muon")
    assert day.calls[1][1]["reference"] in told
    expected = local(pushed - 30 * MINUTE)  # where the stretch that is shown lies, in steps of five minutes
    rest = timedelta(seconds=(-60 * expected.minute - expected.second) % 300)
    assert f"{expected + rest:%H:%M}" in told

    await day.says(0, ["counted", "sealed"], late + 3 * MINUTE)
    await day.ticks(late + 5 * MINUTE)

    back = await day.eta(*day.calls[1])
    assert back is not None and back <= pushed - 15 * MINUTE
    assert len(await day.texts("den muon")) == 1


async def test_what_he_can_no_longer_keep_is_kept_by_mai(town: Town, post: Post) -> None:  # noqa: F811
    day = await Morning.of(town, post, doors=3)
    await post.hires("mai")
    late = day.ends - 25 * MINUTE
    await day.says(0, ["accepted", "en_route", "arrived"], day.opens)
    await day.says(0, ["counted", "sealed"], late)

    await day.ticks(late + 2 * MINUTE)

    named = [(await seen_by(*call))["courier_name"] for call in day.calls]
    assert named == ["Tu", "Tu", "Mai"]
    (told,) = await day.texts("den thay")
    assert "Mai" in told and day.calls[2][1]["reference"] in told


async def test_what_nobody_can_keep_is_told_and_a_supervisor_called(town: Town, post: Post) -> None:  # noqa: F811
    day = await Morning.of(town, post, doors=3)
    late = day.ends - 12 * MINUTE
    await day.says(0, ["accepted", "en_route", "arrived"], day.opens)
    await day.says(0, ["counted", "sealed"], late)

    await day.ticks(late + 2 * MINUTE)

    lost = await seen_by(*day.calls[2])
    assert (lost["status"], lost["courier_name"], lost["eta"]) == ("confirmed", None, None)
    assert len(await day.texts("khong kip")) == 1
    assert await called_for(town, day) == [(lost["reference"], "promise_at_risk")]


async def test_a_telephone_whose_clock_is_off_or_silent_moves_nobody(town: Town, post: Post) -> None:  # noqa: F811
    day = await Morning.of(town, post, doors=2)
    await post.hires("mai")
    planned = await day.eta(*day.calls[1])
    heard = day.opens + 50 * MINUTE
    await day.says(0, ["accepted", "en_route", "arrived"], heard, behind=timedelta(hours=2))
    await day.ticks(heard + 2 * MINUTE)

    assert await day.eta(*day.calls[1]) == planned
    assert await day.texts("den muon") == []
    assert await called_for(town, day) == []

    # Of the second door nothing is heard at all.
    await day.ticks(day.ends + 5 * MINUTE)

    assert (await seen_by(*day.calls[1]))["courier_name"] == "Tu"
    assert await day.texts("den muon") == await day.texts("khong kip") == []
    assert await called_for(town, day) == [(day.calls[1][1]["reference"], "courier_silent")]


async def called_for(town: Town, day: Morning) -> list[tuple[str, str]]:
    centre_id = await centre_of(day.calls[0][1])
    leader = Person(town.http, (await town.sign_in(Caller.CENTRE_LEADER, centre_id=centre_id)).headers)
    found = (await leader.get("/v1/staff/home-visit-incidents")).json()["items"]
    return [(each["reference"], each["kind"]) for each in found]
