"""Tú takes money at doors of Kim Sơn: the stage of the home service, and what it costs there."""

import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import local_date
from app.core.database import DB
from app.home_service import fees
from app.home_service.operations.report import Answer, PartnerEvent
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Report
from app.payments import operations, settlement
from app.payments.rules import Bill, Purse
from app.payments.settlement import Settlement
from app.rounds.queries import CourierRow
from tests.home_service.conftest import PARTNER, Zone, ask, event, hire, kim_son, publish, report, swift
from tests.home_service.conftest import tomorrow as tomorrow  # noqa: PLC0414 - fixtures

__all__ = ["hire", "kim_son", "publish", "swift"]

# Xác nhận tình trạng hôn nhân: 10,000 đồng of state fee, and nobody is exempt from postage by itself.
STATUS = "1.004873"
FEE = 10_000
RECEIPTS = itertools.count(1)


@pytest.fixture
async def tu(hire: Any) -> CourierRow:
    row: CourierRow = await hire("tu", capacity=200)
    return row


@pytest.fixture
async def zone(publish: Any) -> Zone:
    found: Zone = await publish(places=100)
    return found


@pytest.fixture
async def visit(zone: Zone, tu: CourierRow, now: datetime) -> HomeVisitRow:
    """A collection that costs a state fee and postage."""
    return await ask(zone, now, procedure_codes=[STATUS])


def number() -> str:
    return f"BL-{next(RECEIPTS):06d}"


def fee(
    visit: HomeVisitRow,
    amount: int,
    *,
    seq: int = 6,
    kind: str = "state",
    receipt: str | None = None,
    courier: str = "tu",
    event_id: uuid.UUID | None = None,
    **data: Any,
) -> PartnerEvent:
    facts = {"amount": amount, "kind": kind, "receipt": receipt or number()} | data
    return money(visit, seq, facts, courier=courier, event_id=event_id)


def money(visit: HomeVisitRow, seq: int, facts: dict[str, Any], **who: Any) -> PartnerEvent:
    """A report of money with exactly these facts."""
    return event(visit, Report.FEE_COLLECTED, seq, **who)._replace(data=facts)


async def tell(event: PartnerEvent) -> Answer:
    [answer] = await report(event)
    return answer


async def bill(visit: HomeVisitRow) -> Bill:
    return await fees.bill_of(visit)


def day_of(visit: HomeVisitRow) -> date:
    return local_date(visit.starts_at)


def evening(visit: HomeVisitRow) -> datetime:
    return visit.starts_at + timedelta(hours=9)


async def remit(
    day: date,
    *,
    state: int = 0,
    postage: int = 0,
    courier: str = "tu",
    now: datetime,
    partner: Any = PARTNER,
) -> Settlement:
    return await operations.remit(
        partner_id=partner,
        courier=courier,
        day=day,
        amounts={Purse.STATE: state, Purse.POSTAGE: postage},
        slip="PT-1",
        now=now,
    )


async def settled(day: date) -> Settlement:
    return await settlement.of_day(PARTNER, day)


def reasons(day: Settlement) -> list[tuple[str, str, int]]:
    return sorted((why.code, str(why.purse), why.amount_vnd) for why in day.reasons)


async def balances() -> Mapping[tuple[str, str, str], int]:
    """Every account of the book, by purse."""
    assert DB.pool is not None
    rows: Sequence[Any] = await DB.pool.fetch(
        "SELECT purse, kind, id, sum(change)::bigint AS balance FROM ("
        " SELECT purse, to_kind AS kind, to_id AS id, amount_vnd AS change FROM cash_entry UNION ALL"
        " SELECT purse, from_kind, from_id, -amount_vnd FROM cash_entry) moved GROUP BY purse, kind, id"
    )
    return {(row["purse"], row["kind"], row["id"]): row["balance"] for row in rows}
