"""What a partner says of its couriers and their shifts, and what it means for the visits promised.

A shift that shrinks, a courier who falls ill: the stops find other rounds in the same transaction
(`app.rounds.shifts`), and the visits name who comes now, or nobody.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from app.core.clock import local_date
from app.core.operation import operation
from app.home_service.reassigning import tell_whom_it_concerns
from app.rounds import contracts, shifts
from app.rounds.contracts import ContractRow
from app.rounds.penalties import Term
from app.rounds.queries import CourierRow, ShiftRow
from app.rounds.scope import Scope


@operation
async def put_courier(
    *,
    partner_id: uuid.UUID,
    external_id: str,
    given_name: str,
    phone: str,
    skills: Sequence[str],
    lat: float,
    lon: float,
    active: bool,
    now: datetime,
) -> CourierRow:
    """The courier as the partner knows them; saying the same again changes nothing but the version.

    Raises `SkillOutsideContract`.
    """
    await contracts.refuse_outside(partner_id, skills, today=local_date(now))
    courier, shaken = await shifts.put_courier(
        partner_id=partner_id,
        external_id=external_id,
        given_name=given_name,
        phone=phone,
        skills=skills,
        lat=lat,
        lon=lon,
        active=active,
        now=now,
    )
    await tell_whom_it_concerns(shaken, because="shift_changed", now=now)
    return courier


@operation
async def put_shift(
    *,
    partner_id: uuid.UUID,
    external_id: str,
    day: date,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    now: datetime,
) -> ShiftRow:
    """The courier's working time on a day. Visits promised before stay promised, by somebody."""
    shift, shaken = await shifts.put_shift(
        partner_id=partner_id,
        external_id=external_id,
        day=day,
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=capacity,
        now=now,
    )
    await tell_whom_it_concerns(shaken, because="shift_changed", now=now)
    return shift


@operation
async def put_contract(
    *,
    partner_id: uuid.UUID,
    decision: str,
    valid_from: date,
    valid_to: date | None,
    scope: Scope,
    assigned_by: Literal["motcua", "partner"],
    terms: Sequence[Term],
    now: datetime,
) -> ContractRow:
    """What a partner agreed to; the same decision again replaces what it said.

    Duties to come are narrowed to it: visits that no longer fit find another round, or are at risk. Raises
    `ContractOverlap`, `ContractDaysNotValid`.
    """
    contract, shaken = await contracts.put(
        partner_id=partner_id,
        decision=decision,
        valid_from=valid_from,
        valid_to=valid_to,
        scope=scope,
        assigned_by=assigned_by,
        terms=terms,
        now=now,
    )
    await tell_whom_it_concerns(shaken, because="contract_changed", now=now)
    return contract
