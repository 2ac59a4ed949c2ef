"""Deciding how a centre books (quy định đặt lịch)."""

import uuid
from datetime import date, datetime, timedelta

from app.appointments import needs
from app.appointments.booking_rules import NAMES, RulePeriod
from app.appointments.errors import BookingRulesNotValid
from app.appointments.rules import BookingRules, booking_rule_faults
from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.wakeups import wake_after_commit

ONE_AT_A_TIME = (
    "SELECT pg_advisory_xact_lock(hashtextextended('booking_rule:' || coalesce($1::uuid::text, ''), 0))"
)


@operation
async def set_booking_rules(
    *, centre_id: uuid.UUID | None, rules: BookingRules, valid_from: date, now: datetime
) -> RulePeriod:
    """From a day on the centre books by these; without a centre, every centre that has none of its own.

    What was in force ends the day before and stays; what had been decided for later is replaced. Raises
    `BookingRulesNotValid` with every fault.
    """
    today = local_date(now)
    work = in_transaction()
    await work.execute(ONE_AT_A_TIME, centre_id)
    begun = await work.fetchval(
        "SELECT max(valid_from) FROM booking_rule"
        " WHERE centre_id IS NOT DISTINCT FROM $1 AND valid_from <= $2",
        centre_id,
        today,
    )
    faults = booking_rule_faults(rules, valid_from=valid_from, begun=begun, today=today)
    if faults:
        raise BookingRulesNotValid.at(faults)
    await work.execute(
        "DELETE FROM booking_rule WHERE centre_id IS NOT DISTINCT FROM $1 AND valid_from >= $2",
        centre_id,
        valid_from,
    )
    await work.execute(
        "UPDATE booking_rule SET valid_to = $2 WHERE centre_id IS NOT DISTINCT FROM $1"
        " AND (valid_to IS NULL OR valid_to > $2)",
        centre_id,
        valid_from - timedelta(days=1),
    )
    rule_id = new_id()
    places = ", ".join(f"${n}" for n in range(5, 5 + len(rules)))
    await work.execute(
        f"INSERT INTO booking_rule (id, centre_id, valid_from, created_at, {NAMES})"
        f" VALUES ($1, $2, $3, $4, {places})",
        rule_id,
        centre_id,
        valid_from,
        now,
        *rules,
    )
    await journal.write(
        "booking_rules.set",
        object_kind="booking_rule",
        object_id=rule_id,
        at=now,
        detail={"centre_id": centre_id, "valid_from": valid_from, "decision": rules.decision},
    )
    needs.forget()  # Here at once, elsewhere within seconds.
    if centre_id is not None:
        wake_after_commit(f"centre:{centre_id}")
    return RulePeriod(valid_from, None, rules)
