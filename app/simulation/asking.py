"""Those who ask for a courier on a simulated day: for papers to be fetched, for a result to be brought, and
again when nothing came of it.
"""

import contextlib
from datetime import datetime, timedelta
from typing import Any, Final

from app.core.clock import current_time, local
from app.demo.people import Caller, as_dialled
from app.simulation.chances import Happening
from app.simulation.doors import Household
from app.simulation.members import Member, Refused
from app.simulation.people import World, sign_in, signed_in_again
from app.simulation.promises import DoorBook, Visit

ANYBODY: Final = "Nguyễn Thị Hòa"
CANCELS_BEFORE: Final = timedelta(minutes=60)
# Who asks again wants time to find the paper, or to come home.
AGAIN_AFTER: Final = timedelta(minutes=30)


async def household(world: World, book: DoorBook, asking: Household, phone: str) -> None:
    """Ask for a courier in the wished window, or another of the day; some think better of it."""
    caller = Caller(world.api)
    member = Member(caller, lambda: signed_in_again(world, caller, phone))
    async with book.asking:
        if not await sign_in(world, caller, phone):
            book.refused["no_code"] += 1
            return
        visit = await promised(world, book, member, asking, phone)
    if visit is not None and visit.is_to(Happening.CHANGES_MIND):
        await world.tempo.until(visit.starts_at - CANCELS_BEFORE)
        with contextlib.suppress(Refused):
            await member.post(f"/v1/home-visits/{visit.id}/cancel")
            visit.ended = "cancelled"
            book.note(Happening.CHANGES_MIND)


async def promised(
    world: World,
    book: DoorBook,
    member: Member,
    asking: Household,
    phone: str,
    *,
    dossier: str | None = None,
) -> Visit | None:
    """The nearest window to the wish; what was gone meanwhile is tried at another time."""
    kind = "delivery" if dossier else "collection"
    why = "no_window"
    asked: dict[str, Any] = {
        "kind": kind,
        "procedures": [asking.procedure],
        "address": {
            "text": "Tổ dân phố Phúc Chỉnh",
            "commune": "14329",
            "lat": asking.lat,
            "lon": asking.lon,
        },
        "contact": {"name": ANYBODY, "phone": as_dialled(phone)},
    } | ({"dossier": dossier} if dossier else {})
    for window in await _windows(world, member, asking, kind, asking.wishes):
        try:
            made = await member.post("/v1/home-visits", asked | {"window_id": window["id"]})
        except Refused as reason:
            why = reason.code
            continue
        starts_at, ends_at = (moment_of(made["window"][name]) for name in ("starts_at", "ends_at"))
        visit = book.visits[made["id"]] = Visit(asking, made["id"], starts_at, ends_at, kind, member)
        return visit
    book.refused[why] += 1
    return None


async def asks_again(world: World, book: DoorBook, visit: Visit, *, ended: str, after: datetime) -> None:
    """Nothing came of a promise: another window of the day, or it ends as it did."""
    assert visit.member is not None
    windows = await _windows(world, visit.member, visit.household, visit.kind, after)
    for window in windows:
        if moment_of(window["starts_at"]) < after:
            continue
        with contextlib.suppress(Refused):
            path = f"/v1/home-visits/{visit.id}/reschedule"
            made = (await visit.member.post(path, {"window_id": window["id"]}))["window"]
            book.put_off_to(visit, moment_of(made["starts_at"]), moment_of(made["ends_at"]))
            book.note(Happening.ASKS_AGAIN)
            return
    visit.ended = ended


def wishes_again() -> datetime:
    return current_time() + AGAIN_AFTER


async def _windows(
    world: World, member: Member, asking: Household, kind: str, wish: datetime
) -> list[dict[str, Any]]:
    """Those of the wished day that end while the doors are open, the nearest first."""
    day = local(wish).date().isoformat()
    where = {
        "procedure": asking.procedure,
        "lat": asking.lat,
        "lon": asking.lon,
        "from": day,
        "to": day,
        "kind": kind,
    }
    answer = await member.ask("GET", "/v1/visit-windows", params=where)
    answer.raise_for_status()
    windows = [w for w in answer.json()["windows"] if moment_of(w["ends_at"]) <= world.closes]
    windows.sort(key=lambda w: abs(moment_of(w["starts_at"]) - wish))
    return windows


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
