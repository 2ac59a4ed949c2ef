"""Ten statuses and the moves between them, tried over HTTP."""

from datetime import datetime
from itertools import product
from typing import Any, Final

import pytest
from litestar import Litestar

from app.core.database import fetch
from app.dossiers.states import MOVES, Status
from app.http.openapi import handlers_of
from tests.dossiers.conftest import REASON, WAYS, Counter, everything_about

# The official moves (DOMAIN 3.1), written down a second time on purpose. `complete` takes what was accepted
# through processing: 2 → 4 → 9, both on the timeline.
ALLOWED: Final = {
    "1": {2, 3, 5, 7},
    "2": {4, 5, 6, 7, 8, 9},
    "3": set(),
    "4": {5, 6, 7, 8, 9},
    "5 from 2": {2, 7, 8},
    "5 from 4": {4, 7, 8},
    "6": {4, 7, 8},
    "7": set(),
    "8": set(),
    "9": {10, 4},
    "10": set(),
}
# Every route that moves a dossier, and where it can lead. None leads to 1: a dossier is registered once.
LEADS_TO: Final[dict[str, set[int]]] = {
    "accept": {2},
    "start": {4},
    "refuse": {3},
    "supplement": {5},
    "supplement-received": {2, 4},
    "payment-due": {6},
    "payment-received": {4},
    "withdraw": {7},
    "stop": {8},
    "complete": {9},
    "return": {10},
    "correct": {4},
}
ROUTES: Final = tuple(LEADS_TO)
# What is done to a dossier where it stands: another promise, and what is said of its commune.
STAYS: Final = {"extend", "apology/sign", "residence"}


@pytest.mark.parametrize("start", WAYS)
async def test_of_the_ten_statuses_exactly_the_allowed_ones_can_be_reached(
    counter: Counter, start: str
) -> None:
    reached: set[int] = set()
    dossier = await counter.brought_to(start)
    status = int(start.split(maxsplit=1)[0])
    assert dossier["status"] == status

    for route in ROUTES:
        before = await everything_about(dossier["number"])
        answer = await counter.move(dossier, route)
        if answer.status_code == 200:
            after = answer.json()
            assert after["status"] in LEADS_TO[route]
            assert after["status"] not in reached, "two routes lead to one status"
            assert [entry["status"] for entry in after["timeline"]][-1] == after["status"]
            reached.add(after["status"])
            dossier = await counter.brought_to(start)
            continue
        assert (answer.status_code, answer.json()["code"]) == (409, "dossier_status"), (route, answer.text)
        assert (answer.json()["status"], answer.json()["state"]) == (409, status)
        assert await everything_about(dossier["number"]) == before, route

    assert reached == ALLOWED[start]


def test_all_hundred_pairs_of_statuses_are_tried(app: Litestar) -> None:
    """From each of the ten every route is called, and for every other one at least leads there."""
    prefix = "/v1/staff/dossiers/{number:str}/"
    there = {
        path.removeprefix(prefix)
        for handler in handlers_of(app)
        for path in handler.paths
        if path.startswith(prefix) and "POST" in handler.http_methods
        if handler.fn.__module__.startswith("app.dossiers.")
    }
    starts = {int(start.split(maxsplit=1)[0]) for start in WAYS}
    sought = {(a, b) for a in starts for route in ROUTES for b in LEADS_TO[route]}
    registered_only = {(a, 1) for a in starts}

    assert there == {*ROUTES, *STAYS}
    assert sought | registered_only == set(product(range(1, 11), repeat=2))
    assert {(int(a.split(maxsplit=1)[0]), b) for a, targets in ALLOWED.items() for b in targets} <= sought


def test_the_table_holds_the_official_moves_and_no_other() -> None:
    pairs = {(a, p.target) for (a, _), p in MOVES.items() if p.target != a}
    official = {
        (int(start.split()[0]), target)
        for start, targets in ALLOWED.items()
        for target in targets
        if (start, target) != ("2", 9)
    }

    assert pairs == official
    assert {status for status in Status if not any(a == status for a, _ in MOVES)} == {3, 7, 8, 10}


async def test_what_is_completed_at_once_was_being_processed(counter: Counter) -> None:
    dossier = await counter.moved(await counter.registered(), "accept", "complete")

    assert [entry["status"] for entry in dossier["timeline"]] == [1, 2, 4, 9]


async def test_a_reason_stands_with_the_decision_and_is_in_no_fact_and_no_line(counter: Counter) -> None:
    dossier = await counter.brought_to("8")

    (decision,) = dossier["decisions"]
    told = [dict(row) for row in await fetch("SELECT * FROM outbox")]
    told += [dict(row) for row in await fetch("SELECT * FROM journal")]
    assert (decision["move"], decision["reason"], decision["status"]) == ("stop", REASON["reason"], 8)
    assert "dossier.stopped" in str(told)
    assert REASON["reason"] not in str(told)


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "   "}, {"reason": "x" * 2001}, {"reason": 3}])
@pytest.mark.parametrize("route", ["supplement", "withdraw", "stop", "payment-due", "extend"])
async def test_a_move_that_needs_a_reason_is_refused_without(
    counter: Counter, route: str, body: dict[str, Any]
) -> None:
    dossier = await counter.brought_to("4")
    before = await everything_about(dossier["number"])

    answer = await counter.move(dossier, route, **body)

    assert answer.status_code == 422
    assert answer.json()["code"] in {"invalid_value", "reason_missing"}
    assert await everything_about(dossier["number"]) == before


@pytest.mark.parametrize("route", [*ROUTES, "extend"])
async def test_to_another_centre_a_dossier_is_not_there(counter: Counter, route: str) -> None:
    dossier = await counter.brought_to("2")

    answer = await counter.move(dossier, route, who="stranger")

    assert (answer.status_code, answer.json()["code"]) == (404, "dossier_not_found")


async def test_who_looked_at_an_older_version_moves_nothing(counter: Counter) -> None:
    dossier = await counter.brought_to("2")

    stale = await counter.move(dossier, "start", version=dossier["version"] - 1)

    assert (stale.status_code, stale.json()["code"]) == (412, "stale_dossier")
    assert (await counter.seen(dossier["number"]))["status"] == 2


async def test_the_same_key_moves_once(counter: Counter) -> None:
    dossier = await counter.brought_to("4")

    first = await counter.move(dossier, "supplement", key="one-slip")
    second = await counter.move(dossier, "supplement", key="one-slip")

    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()
    assert (await counter.seen(dossier["number"]))["supplement_count"] == 1


async def test_only_a_centre_leader_recalls_a_result(counter: Counter) -> None:
    dossier = await counter.brought_to("9")

    by_officer = await counter.move(dossier, "correct", who="officer")
    by_leader = await counter.move(dossier, "correct")

    assert by_officer.status_code == 403
    recalled = by_leader.json()
    assert (recalled["status"], recalled["result_document_id"], recalled["completed_at"]) == (4, None, None)
    owner = await fetch("SELECT owner_id FROM document WHERE dossier_number = $1", dossier["number"])
    assert [row["owner_id"] for row in owner] == [None]


async def test_what_is_only_registered_is_promised_when_it_is_accepted(counter: Counter) -> None:
    registered = await counter.registered()
    accepted = await counter.moved(registered, "accept")

    assert registered["promised_at"] is None
    assert datetime.fromisoformat(accepted["promised_at"]) > datetime.fromisoformat(accepted["accepted_at"])


@pytest.mark.parametrize("form", ["01", "06", "07"])
async def test_what_was_never_accepted_has_no_receipt(counter: Counter, form: str) -> None:
    registered = await counter.registered()
    supplement = await counter.moved(registered, "supplement")

    answer = await counter.http.get(
        f"/v1/staff/dossiers/{supplement['number']}/forms/{form}.pdf", headers=counter.people["officer"]
    )

    assert answer.status_code == 409, answer.text
