"""What monitoring reads: each figure moves with what it is of, and none names a person or a path."""

import asyncio
import os
import sys
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.appointments import figures as places
from app.audit import figures as proofs
from app.core import outbox_figures, schedule_figures
from app.core.database import DB, fetch_value, transaction
from app.http import figures
from app.http.principals import Caller
from app.queue import stream
from app.queue.figures import WATCHING
from app.servers.ports import free_port
from jobs import ticks
from jobs.schedules import _job
from notifications import circuits
from notifications import figures as messages
from partners.breaker import FAILURES_BORNE, Breaker
from partners.postal import circuits as endpoints
from partners.postal import figures as partners
from tests.audit.test_journal import note
from tests.conftest import Stores, _keys_file

SignIn = Callable[..., Awaitable[Any]]
# A process that starts on a machine that is busy.
PATIENCE_S = 180


def value(name: str, **labels: str) -> float:
    """The figure as a scrape would read it."""
    [found] = [each for each in figures.gauges() if (each.name, each.labels) == (name, labels)]
    return found.value


async def work(lane: int, *, state: str = "ready", due_s: int = 60, attempts: int = 0) -> None:
    assert DB.pool is not None
    fact = uuid.uuid4()
    await DB.pool.execute(
        "INSERT INTO outbox (id, kind, subject, payload, occurred_at, request_id, state)"
        " VALUES ($1, 'k', 's', '{}', now(), '', 'fanned_out')",
        fact,
    )
    await DB.pool.execute(
        "INSERT INTO outbox_work (id, fact_id, seq, kind, subject, subscriber, lane, in_order,"
        " max_attempts, expires_at, state, next_at, attempts)"
        " VALUES (gen_random_uuid(), $1, 1, 'k', 's', 'listener', $2, false, 5,"
        " now() + interval '1 day', $3, now() - make_interval(secs => $4), $5)",
        fact, lane, state, due_s, attempts,
    )  # fmt: skip


async def test_the_oldest_due_row_of_each_lane_and_the_dead_are_told(database: Stores) -> None:
    await work(0, due_s=30)
    await work(0, due_s=90)
    await work(0, due_s=-600)
    await work(3, due_s=10, attempts=2)
    await work(2, state="dead")
    await outbox_figures.refresh()
    assert value("motcua_outbox_due", lane="code") == 2
    assert 90 <= value("motcua_outbox_oldest_seconds", lane="code") < 600
    assert (value("motcua_outbox_due", lane="bulk"), value("motcua_outbox_due", lane="normal")) == (1, 0)
    assert (value("motcua_outbox_dead"), value("motcua_outbox_new")) == (1, 0)
    assert value("motcua_outbox_retrying", subscriber="listener") == 1

    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET state = 'done'; UPDATE outbox SET state = 'ready'")
    await outbox_figures.refresh()
    assert value("motcua_outbox_oldest_seconds", lane="code") == 0
    assert (value("motcua_outbox_dead"), value("motcua_outbox_new")) == (0, 5)
    assert value("motcua_outbox_retrying", subscriber="listener") == 0


async def test_messages_on_their_way_are_told_by_state(database: Stores) -> None:
    assert DB.pool is not None
    for state, age_s, not_before_s in (("ready", 500, 500), ("ready", 500, -500), ("unknown", 40, 40)):
        await DB.pool.execute(
            "INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about,"
            " state, created_at, not_before, expires_at) VALUES (gen_random_uuid(),"
            " gen_random_uuid()::text, 't', 'vi', '+84900000001', 'b', 'gsm7', 1, 'a', $1,"
            " now() - make_interval(secs => $2), now() - make_interval(secs => $3), now())",
            state, age_s, not_before_s,
        )  # fmt: skip
    await messages.refresh()
    assert value("motcua_messages", state="ready") == 2
    assert 500 <= value("motcua_message_oldest_seconds", state="ready") < 900
    assert value("motcua_messages", state="unknown") == 1
    assert value("motcua_messages", state="calling") == 0


async def test_what_was_taken_counts_while_somebody_looks_after_it(database: Stores) -> None:
    """A letter nobody hears more of stays accepted for ever, and is not on its way."""
    assert DB.pool is not None
    for channel, segments, look_at in (("sms", 1, "now()"), ("email", 0, "NULL"), ("push", 0, "NULL")):
        await DB.pool.execute(
            "INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about,"
            " state, channel, created_at, not_before, expires_at, look_at) VALUES (gen_random_uuid(),"
            " gen_random_uuid()::text, 't', 'vi', '+84900000001', 'b', 'gsm7', $2, 'a', 'accepted', $1,"
            " now() - $3 * interval '1 minute', now() - $3 * interval '1 minute', now(),"
            f" {look_at})",
            channel, segments, 5 if channel == "sms" else 90_000,
        )  # fmt: skip
    await messages.refresh()
    assert value("motcua_messages", state="accepted") == 1
    assert 300 <= value("motcua_message_oldest_seconds", state="accepted") < 90_000


async def test_lines_without_a_seal_places_and_endpoints_are_told(database: Stores, now: datetime) -> None:
    await note(action="one.happened", now=now)
    for refresh in (proofs.refresh, places.refresh, partners.refresh):
        await refresh()
    assert value("motcua_journal_unsealed") == 1
    assert 0 <= value("motcua_journal_unsealed_seconds") < 600
    assert value("motcua_places_held") == 0
    assert value("motcua_webhook_endpoints", state="active") == 0


def schedules() -> dict[str, float]:
    """Since when each has not ended well, as the figures tell it."""
    return {
        each.labels["schedule"]: each.value
        for each in figures.gauges()
        if each.name == "motcua_schedule_last_seconds"
    }


async def test_since_when_a_schedule_has_not_ended_well_is_told(database: Stores) -> None:
    async def sweeps(_context: dict[Any, Any]) -> None:
        pass

    async def fails(_context: dict[Any, Any]) -> None:
        raise LookupError("nothing there")

    assert DB.pool is not None
    await ticks.expect(["sweeps", "fails", "was_once"])
    await DB.pool.execute(
        "UPDATE schedule_tick SET done_at = now() - CASE name WHEN 'schedule:was_once'"
        " THEN interval '8 days' ELSE interval '10 minutes' END"
    )
    await ticks.expect(["sweeps", "fails"])
    await _job(sweeps)({})
    with pytest.raises(LookupError):
        await _job(fails)({})

    await schedule_figures.refresh()
    found = schedules()
    assert set(found) == {"sweeps", "fails"}
    assert 0 <= found["sweeps"] < 600 <= found["fails"] < 1200


async def an_endpoint() -> uuid.UUID:
    """Of a partner that takes webhooks."""
    assert DB.pool is not None
    made = uuid.uuid4()
    await DB.pool.execute(
        "WITH partner AS (INSERT INTO courier_partner (id, code, name_vi, name_en, created_at)"
        " VALUES ($1, 'p', 'p', 'p', now()))"
        " INSERT INTO webhook_endpoint (id, partner_id, url, secret_sealed, state, created_at)"
        " VALUES ($1, $1, 'https://p.example/', '', 'active', now())",
        made,
    )
    return made


async def test_whoever_is_left_alone_is_told(database: Stores, now: datetime) -> None:
    async with transaction():
        await circuits.failed("zalo", now=now, reason="account", at_once=True)
        await circuits.failed("sms", now=now, reason="timeout")
    portal, endpoint = Breaker("portal of the test"), await an_endpoint()
    for _ in range(FAILURES_BORNE):
        assert value("motcua_neighbour_left_alone", neighbour="portal of the test") == 0
        portal.failed()
        await partners.refresh()
        assert value("motcua_webhook_endpoints_left_alone") == 0
        async with transaction():
            await endpoints.failed(endpoint, was_probe=False)
    await messages.refresh()
    await partners.refresh()
    assert value("motcua_webhook_endpoints_left_alone") == 1
    assert value("motcua_message_way_left_alone", way="zalo") == 1
    assert value("motcua_message_way_left_alone", way="sms") == 0
    assert value("motcua_neighbour_left_alone", neighbour="portal of the test") == 1

    async with transaction():
        await circuits.succeeded("zalo", now=now)
        await endpoints.answered(endpoint)
    portal.succeeded()
    await messages.refresh()
    await partners.refresh()
    assert value("motcua_webhook_endpoints_left_alone") == 0
    assert value("motcua_message_way_left_alone", way="zalo") == 0
    assert value("motcua_neighbour_left_alone", neighbour="portal of the test") == 0


async def test_an_open_stream_is_counted_until_it_ends(database: Stores) -> None:
    before = WATCHING._value.get()
    watching = stream.changes(uuid.uuid4())
    reading = asyncio.create_task(anext(watching))  # type: ignore[arg-type]
    await reading
    assert WATCHING._value.get() == before + 1
    await watching.aclose()  # type: ignore[attr-defined]
    assert WATCHING._value.get() == before


async def test_a_request_through_a_proxy_finds_no_figures(client: httpx.AsyncClient) -> None:
    assert (await client.get("/metrics")).status_code == 200
    hidden = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert hidden.status_code == 404


async def test_a_monitor_reads_the_figures_and_others_do_not(
    client: httpx.AsyncClient, sign_in: SignIn, database: Stores
) -> None:
    await work(1, due_s=45)
    await ticks.expect(["sweep_holds"])
    monitor = await sign_in(Caller.MONITOR, centre_id=uuid.uuid4())
    answer = await client.get("/statusz", headers=monitor.headers)
    assert answer.status_code == 200
    told = answer.json()
    assert told["figures_read"] is True
    [oldest] = [
        each["value"]
        for each in told["figures"]
        if (each["name"], each["labels"]) == ("motcua_outbox_oldest_seconds", {"lane": "urgent"})
    ]
    assert oldest >= 45
    names = {(each["name"], *each["labels"].values()) for each in told["figures"]}
    assert {
        ("motcua_schedule_last_seconds", "sweep_holds"),
        ("motcua_message_way_left_alone", "sms"),
    } <= names
    officer = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())
    assert (await client.get("/statusz", headers=officer.headers)).status_code == 403
    assert (await client.get("/statusz")).status_code == 401


async def test_figures_that_cannot_be_read_keep_their_value_and_say_so(database: Stores) -> None:
    await work(0)
    assert await figures.refresh([outbox_figures.refresh]) is True
    before = value("motcua_outbox_due", lane="code")

    async def away() -> None:
        raise OSError("nobody answers")

    assert await figures.refresh([away, outbox_figures.refresh]) is False
    assert value("motcua_figures_read") == 0
    assert value("motcua_outbox_due", lane="code") == before == 1


async def test_times_of_requests_are_told_by_route_and_never_by_path(
    app: Litestar, database: Stores
) -> None:
    secret = "s3cret" + uuid.uuid4().hex
    transport = httpx.ASGITransport(app=figures.Measured(app), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        await http.get(f"/t/{secret}")
        await http.get(f"/v1/{secret}")
        await http.get("/v1/documents", params={"phone": "+84900000001"})
        text = (await http.get("/metrics")).text
    assert secret not in text
    assert "84900000001" not in text
    lines = [line for line in text.splitlines() if line.startswith("motcua_http_request_seconds_count")]
    assert any('route="(none)",status="4xx"' in line for line in lines)
    assert any('method="GET",route="/v1/documents",status="4xx"' in line for line in lines)


async def test_the_worker_answers_with_its_own_figures_and_expects_its_schedules(
    database: Stores, tmp_path: Path
) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "worker",
        env=dict(os.environ) | {
            "DATABASE_URL": database.database_url, "REDIS_URL": database.redis_url,
            "MOTCUA_DATA_DIR": str(tmp_path), "MOTCUA_KEYS_FILE": str(_keys_file(tmp_path)),
            "MOTCUA_WORKER_METRICS_PORT": str(port), "MOTCUA_LOG_LEVEL": "warning",
        },
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    answer = await http.get(f"http://127.0.0.1:{port}/metrics")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
            while not await fetch_value(
                "SELECT true FROM schedule_tick WHERE name = 'schedule:close_days'"
            ):
                await asyncio.sleep(0.1)
    finally:
        process.terminate()
        await process.wait()
    assert "motcua_outbox_runs" in answer.text


@pytest.fixture(autouse=True)
def _keys(opened: Stores) -> None:
    """The process's keys, for what is made and signed here."""
