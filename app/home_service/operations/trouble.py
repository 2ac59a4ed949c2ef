"""A courier in trouble: who comes instead, who is told, and whose promise nobody can keep any more."""

import uuid
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.core import journal
from app.core.operation import operation
from app.home_service.ahead import ahead_of, visits_of
from app.home_service.reassigning import Dispatched, tell_whom_it_concerns
from app.rounds import queries as rounds
from app.rounds import trouble
from app.rounds.errors import TroubleNotValid


class Trouble(StrEnum):
    """What can happen to a courier in the course of a day (trễ, vắng, hỏng xe)."""

    LATE = "late"
    ABSENT = "absent"
    VEHICLE = "vehicle"


@operation
async def report_trouble(
    *,
    partner_id: uuid.UUID,
    courier: str,
    day: date,
    kind: Trouble,
    minutes: int | None,
    occurred_at: datetime,
    now: datetime,
) -> Dispatched:
    """Find another round for every promise the courier can no longer keep, and tell whom it concerns.

    A package stays with its custodian: a delivery whose package is on the round is at risk until it has
    changed hands. Raises `CourierNotFound`, `RunNotFound` or `TroubleNotValid`.
    """
    if (kind is Trouble.LATE) != (minutes is not None):
        raise TroubleNotValid
    if minutes is not None and not 0 < minutes * 60 <= trouble.LATEST.total_seconds():
        raise TroubleNotValid
    row = await rounds.courier(partner_id, courier)
    ahead = ahead_of(await visits_of(row.id, day))
    if minutes is not None:
        shaken = await trouble.delay(
            row.id, day, ahead, by=timedelta(minutes=minutes), at=occurred_at, now=now
        )
    else:
        shaken = await trouble.withdraw(row.id, day, ahead, because=f"courier_{kind}", now=now)
    await journal.write(
        f"courier.{kind}",
        object_kind="courier",
        object_id=row.id,
        at=now,
        detail={"day": str(day), "minutes": minutes},
    )
    return await tell_whom_it_concerns(shaken, because=f"courier_{kind}", now=now)
