"""A partner's endpoint that errs, lingers, floods, lures and leaves; and its reports in pieces."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from app.faults.fronts import Asked, Behaviour, Front, Manner, Told
from app.faults.house import WORKERS
from app.faults.matrix import Act, Cell, Scene
from app.faults.partner import Partner
from notifications.emulator.certificates import Authority

ENDPOINT: Final = "Partner endpoint"
CLIENT: Final = "Partner API client"
ORDER_KEPT: Final = "order kept, messages to people unaffected"
SPOILED_AT_LEAST: Final = 2
SPOILED_WITHIN_S: Final = 40.0
VISITS_SHARE: Final = 0.35
BIG: Final = 10 * 1024 * 1024
EVENTS: Final = 10_000
REFUSED_WHOLE: Final = frozenset({400, 413, 422, 429})
# An endpoint that failed five times is left alone for half a minute, and then for a whole.
RENEWED_WITHIN_S: Final = 120.0
UNREACHED: Final = "SELECT count(*) FROM webhook_delivery WHERE at > $1 AND outcome = 'unreachable'"
REACHED: Final = "SELECT count(*) FROM webhook_delivery WHERE at > $1 AND outcome = 'delivered'"
METADATA: Final = "http://169.254.169.254/latest/meta-data/"


def spoiling(told: Told) -> Callable[[Partner], Behaviour]:
    """Every webhook is noted and answered so."""

    def of(partner: Partner) -> Behaviour:
        async def behave(_front: Front, asked: Asked) -> Told:
            partner.note(asked, 599 if told.manner is not Manner.WHOLE else told.status)
            return told

        return behave

    return of


def endpoint(
    behaviour: Callable[[Partner], Behaviour],
    beyond: Callable[[Scene], Awaitable[None]] | None = None,
    *,
    least: int = SPOILED_AT_LEAST,
) -> Act:
    """The endpoint is so until a few webhooks met it; messages go on meanwhile."""

    async def act(scene: Scene) -> None:
        partner = scene.house.partner
        before = len(partner.front.log) + partner.front.busy
        partner.front.behaviour = behaviour(partner)

        async def met() -> bool:
            return len(partner.front.log) + partner.front.busy >= before + least

        try:
            await scene.house.until("webhooks to meet the fault", met, within_s=SPOILED_WITHIN_S)
        except TimeoutError as reason:
            scene.wrong.append(str(reason))
        began = time.monotonic()
        await scene.load.enough(5)
        scene.notes.append(f"5 people booked in {time.monotonic() - began:.1f} s meanwhile")
        if beyond is not None:
            await beyond(scene)
        partner.behave()

    return act


def taking_without_doing(partner: Partner) -> Behaviour:
    """200 and nothing done: the feed still has it."""

    async def behave(_front: Front, asked: Asked) -> Told:
        partner.note(asked, 200)
        return Told(200)

    return behave


async def feed_has_all(scene: Scene) -> None:
    """Whoever lost what it took reads it again, without a gap."""
    page = await scene.house.partner.client.get("/v1/partner/changes", after=0)
    numbers = [item["seq"] for item in page["items"]]
    scene.expect(numbers == list(range(1, len(numbers) + 1)), "the feed has gaps")


async def gone(scene: Scene) -> None:
    """The endpoint ended by its 410, and a new one takes what comes after."""
    house = scene.house

    async def ended() -> bool:
        return not await house.sql("SELECT count(*) FROM webhook_endpoint WHERE state = 'active'")

    try:
        await house.until("the endpoint to be ended", ended, within_s=30)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    await scene.load.enough(5)
    last = await house.sql("SELECT coalesce(max(seq), 0) FROM partner_event")
    rows = await house.rows("SELECT id::text AS id FROM partner_event WHERE seq <= $1", last + 50)
    house.partner.excused |= {row["id"] for row in rows}
    await house.partner.register_again()
    rows = await house.rows("SELECT id::text AS id FROM partner_event")
    house.partner.excused |= {row["id"] for row in rows}


async def expired(scene: Scene) -> None:
    """Its certificate ran out, so nothing is told; once it is renewed, all of it is, in order."""
    house, partner, authority = scene.house, scene.house.partner, Authority()
    ca_file = house.folder / "authority.pem"
    ca_file.write_bytes(authority.pem)
    for name in WORKERS:
        await house.renew(name, extra={"MOTCUA_PARTNER_CA": str(ca_file)})
    context = authority.serving(ends=datetime.now(UTC) - timedelta(hours=1))
    front = Front(behaviour=partner.take)
    await front.open(tls=context)
    last = await house.sql("SELECT coalesce(max(at), '-infinity') FROM webhook_delivery")
    await partner.move(front)
    try:
        await _until(scene, "webhooks to meet the certificate", UNREACHED, last, SPOILED_AT_LEAST)
        began = time.monotonic()
        await scene.load.enough(5)
        scene.notes.append(f"5 people booked in {time.monotonic() - began:.1f} s meanwhile")
        scene.expect(not front.log, "something was told in spite of it")
        authority.certify(context)
        # What was told where it was before, as it moved, counts for nothing.
        renewed = await house.sql("SELECT clock_timestamp()")
        await _until(scene, "webhooks to arrive once it is renewed", REACHED, renewed, SPOILED_AT_LEAST)
        scene.expect(front.log, "nothing came to the endpoint itself")
    finally:
        await partner.move(partner.front)
        # Whoever is still being told there has been, before nobody answers there any more.
        await house.until("its last answers", lambda: _is_idle(front))
        await front.close()
    for name in WORKERS:
        await house.renew(name)


async def _is_idle(front: Front) -> bool:
    return front.busy == 0


async def _until(scene: Scene, what: str, statement: str, since: datetime, least: int) -> None:
    """Until so many deliveries are so; pauses after failures are over at once."""

    async def seen() -> bool:
        await scene.house.script(scene.time_passes)
        return int(await scene.house.sql(statement, since)) >= least

    try:
        await scene.house.until(what, seen, within_s=RENEWED_WITHIN_S, every_s=1.0)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))


async def batches(scene: Scene) -> None:
    """Couriers ride: every report twice, shuffled; and somebody sends half a batch, and ten thousand."""
    house = scene.house
    await scene.load.enough(30)
    client = house.partner.client
    half = await _half_a_batch(scene)
    scene.expect(half != httpx.codes.OK, "half a batch was taken")
    event = {"event_id": "x", "task_id": "x", "type": "accepted"}
    try:
        await client.post("/v1/partner/events", {"events": [event] * EVENTS}, tries=1)
        scene.wrong.append(f"{EVENTS} events in one batch were taken")
    except httpx.HTTPStatusError as refused:
        status = refused.response.status_code
        scene.expect(status in REFUSED_WHOLE, f"{EVENTS} events in one batch were answered {status}")

    async def ridden() -> bool:
        return len(house.partner.office.results) > 0

    await house.until("a ride to end", ridden, within_s=60)
    outcomes = {
        result["outcome"] for results in house.partner.office.results.values() for result in results
    }
    scene.notes.append(f"outcomes of reports: {', '.join(sorted(outcomes))}")


async def _half_a_batch(scene: Scene) -> int:
    """A body that ends in the middle, and the connection with it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.house.door.port)
    writer.write(
        b"POST /v1/partner/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b'Content-Length: 4000\r\n\r\n{"events": [{"event_id": "'
    )
    await writer.drain()
    writer.write_eof()
    try:
        async with asyncio.timeout(10):
            line = await reader.readline()
    except (TimeoutError, OSError):
        line = b""
    writer.close()
    return int(line.split()[1]) if line.startswith(b"HTTP/") else 0


def _cell(name: str, fault: str, act: Act, must: str = ORDER_KEPT, *, smoke: bool = False) -> Cell:
    return Cell(
        f"partner-{name}", ENDPOINT, "being told", fault, must, act, visits_share=VISITS_SHARE, rides=0,
        smoke=smoke,
    )  # fmt: skip


WELL: Final = Told(200, b"thank you")
LONG: Final = Told(200, b"thank you " * 40, manner=Manner.DRIP)
LURE: Final = Told(307, headers=(("Location", METADATA),))

CELLS: Final = (
    _cell("500", "500 for hours", endpoint(spoiling(Told(500))), smoke=True),
    _cell("silent", "no answer", endpoint(spoiling(replace(WELL, manner=Manner.HANG)))),
    _cell("a-byte-at-a-time", "four bytes a second", endpoint(spoiling(LONG))),
    _cell(
        "large-answer", "500 with 10 MB", endpoint(spoiling(Told(500, b"x" * BIG))),
        f"{ORDER_KEPT}; no more is read than 64 kB",
    ),
    _cell(
        "redirect", "redirect to a metadata address", endpoint(spoiling(LURE)),
        f"{ORDER_KEPT}; nobody goes there",
    ),
    _cell("reset", "connection reset", endpoint(spoiling(replace(WELL, manner=Manner.CUT)))),
    _cell(  # the first who hears it ends the endpoint, and perhaps nobody comes after them
        "gone", "410", endpoint(spoiling(Told(410)), gone, least=1),
        "disabled; a new one takes what comes after",
    ),
    _cell(
        "takes-without-doing", "200, nothing done", endpoint(taking_without_doing, feed_has_all),
        "the feed has all of it, without a gap",
    ),
    _cell(
        "certificate-expired", "TLS certificate expired, then renewed", expired,
        f"{ORDER_KEPT}; told once it is renewed",
    ),
    Cell(
        "partner-batches", CLIENT, "reporting",
        "each batch twice and shuffled, half a batch, 10 000 events",
        "one effect each; 4xx, never 500", batches, visits_share=VISITS_SHARE, rides=3,
    ),
)  # fmt: skip
