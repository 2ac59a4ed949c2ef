"""Openings from templates (mẫu ca tiếp nhận): a template is made, ends, and is published day by day."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

import structlog

from app.appointments import booking_rules, templates
from app.appointments.errors import (
    OpeningOverlap,
    OpeningTemplateNotFound,
    OpeningTemplateNotValid,
    PoolNotFound,
)
from app.appointments.operations.openings import open_pool
from app.appointments.templates import DAY, TemplateRow
from app.centres import queries as centres
from app.centres.rules import exists_on
from app.core import journal
from app.core.clock import local_date
from app.core.database import fetch, in_transaction
from app.core.errors import Refusal
from app.core.ids import new_id
from app.core.operation import operation

log: Final = structlog.get_logger(__name__)

TEMPLATE: Final = f"SELECT {', '.join(TemplateRow._fields)} FROM opening_template"


async def templates_of(centre_id: uuid.UUID, *, after: uuid.UUID | None, limit: int) -> list[TemplateRow]:
    """A centre's templates of all periods, in the order they were made."""
    rows = await fetch(
        f"{TEMPLATE} WHERE centre_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
        centre_id,
        after,
        limit,
    )
    return [TemplateRow(*row) for row in rows]


@operation
async def create_template(*, template: TemplateRow, now: datetime) -> TemplateRow:
    """Open a pool by this template from now on; the slots up to the horizon exist when this returns.

    Raises `PoolNotFound` for a pool of another centre, `CentreNotFound` for a centre that does not exist
    then, `OpeningTemplateNotValid` with every fault.
    """
    pool = await centres.pool(template.pool_id)
    if pool is None or pool.centre_id != template.centre_id:
        raise PoolNotFound
    today = local_date(now)
    faults = templates.template_faults(template, today=today)
    if faults:
        raise OpeningTemplateNotValid.at(faults)
    await centres.get_centre(template.centre_id, on=template.valid_from)
    row = template._replace(id=new_id(), version=1)
    columns = (*TemplateRow._fields, "created_at")
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    await in_transaction().execute(
        f"INSERT INTO opening_template ({', '.join(columns)}) VALUES ({places})", *row, now
    )
    await journal.write(
        "opening_template.created",
        object_kind="opening_template",
        object_id=row.id,
        at=now,
        detail={"centre_id": row.centre_id, "pool_id": row.pool_id, "decision": row.decision},
    )
    await _publish(row, now=now)
    return row


@operation
async def end_template(
    *, template_id: uuid.UUID, centre_id: uuid.UUID, last_day: date | None, now: datetime
) -> TemplateRow:
    """Publish nothing from it after its last day, today when none is said. Ending it earlier is final.

    What is published already stays: people may have booked there, and closing that is a change with an
    impact (`propose_change`). Raises `OpeningTemplateNotFound`, `OpeningTemplateNotValid`.
    """
    today = local_date(now)
    if last_day is not None and last_day < today:
        raise OpeningTemplateNotValid.at([("last_day", "in_the_past")])
    found = await in_transaction().fetchrow(
        f"{TEMPLATE} WHERE id = $1 AND centre_id = $2 FOR UPDATE", template_id, centre_id
    )
    if found is None:
        raise OpeningTemplateNotFound
    row = TemplateRow(*found)
    last = last_day or today
    if row.valid_to is not None and row.valid_to <= last:
        return row
    await in_transaction().execute(
        "UPDATE opening_template SET valid_to = $2, version = version + 1 WHERE id = $1", row.id, last
    )
    await journal.write(
        "opening_template.ended",
        object_kind="opening_template",
        object_id=row.id,
        at=now,
        detail={"centre_id": centre_id, "last_day": last},
    )
    return row._replace(valid_to=last, version=row.version + 1)


async def publish_from_templates(*, now: datetime) -> int:
    """Open what has come into the horizon; how many openings. Twice, or in two processes, is once."""
    rows = await fetch(
        "SELECT id FROM opening_template WHERE valid_to IS NULL OR valid_to >= $1 ORDER BY id",
        local_date(now),
    )
    opened = 0
    for row in rows:
        try:
            opened += await publish_template(template_id=row["id"], now=now)
        except Refusal as reason:  # The other templates are not to blame for this one.
            log.warning("template_not_published", template_id=str(row["id"]), code=reason.code)
    return opened


@operation
async def publish_template(*, template_id: uuid.UUID, now: datetime) -> int:
    """The same for one template; whoever comes second waits for its row and finds nothing to do."""
    found = await in_transaction().fetchrow(f"{TEMPLATE} WHERE id = $1 FOR UPDATE", template_id)
    return 0 if found is None else await _publish(TemplateRow(*found), now=now)


async def _publish(template: TemplateRow, *, now: datetime) -> int:
    """Each day once: an opening that was closed since does not come back."""
    days = await _days(template, now=now)
    if not days:
        return 0
    centre = await centres.any_centre(template.centre_id)
    opened = 0
    for day, special in days.items():
        if not exists_on(day, valid_from=centre.valid_from, valid_to=centre.valid_to):
            continue
        week = (await centres.hours_of([centre.id], on=day))[centre.id]
        periods = templates.periods(
            template, day, week=week, special=special, grain_minutes=centre.grain_minutes, now=now
        )
        if not periods:
            continue
        opened += await _open(template, periods, now=now)
        await in_transaction().execute(
            "INSERT INTO opening_template_day (template_id, day, openings, published_at)"
            " VALUES ($1, $2, $3, $4)",
            template.id,
            day,
            len(periods),
            now,
        )
    return opened


async def _days(template: TemplateRow, *, now: datetime) -> Mapping[date, str | None]:
    """The days up to the horizon that the template is for and that nobody has published, as they are.

    One day more than can be booked, so that the slots of a new day exist when it is released.
    """
    today = local_date(now)
    by = await booking_rules.rules_of(template.centre_id, on=today)
    horizon = today + by.horizon_days * DAY
    special = {row.day: row.kind for row in await centres.special_days(start=today, end=horizon)}
    done = await in_transaction().fetch(
        "SELECT day FROM opening_template_day WHERE template_id = $1 AND day >= $2", template.id, today
    )
    published = {row["day"] for row in done}
    days = (today + n * DAY for n in range(by.horizon_days + 1))
    return {
        day: special.get(day)
        for day in days
        if day not in published and templates.applies(template, day, special=special.get(day))
    }


async def _open(template: TemplateRow, periods: Sequence[templates.Period], *, now: datetime) -> int:
    opened = 0
    for period in periods:
        try:
            await open_pool(
                centre_id=template.centre_id,
                pool_id=template.pool_id,
                starts_at=period.starts_at,
                ends_at=period.ends_at,
                counters=template.counters,
                grain_minutes=template.grain_minutes,
                online_share=template.online_share,
                walkin_floor=template.walkin_floor,
                now=now,
            )
        except OpeningOverlap:
            continue  # Somebody opened the pool by hand; theirs stands.
        opened += 1
    return opened
