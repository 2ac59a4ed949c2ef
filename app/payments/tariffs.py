"""Prices and exemptions (bảng giá cước, miễn giảm): data of a decision, from a day on.

Always true:
- a day has one tariff of each leg and one list of exemptions: a new one ends the one before it;
- what a visit costs was written down when it was promised (`charge`), so no change reaches it;
- days that are over keep the prices they had.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.payments.errors import TariffInThePast

ONE_DAY: Final = timedelta(days=1)


class Price(NamedTuple):
    """Of a leg, up to a distance; None is any farther."""

    up_to_km: int | None
    amount_vnd: int


class Exempt(NamedTuple):
    """Who does not pay from a purse, as `rules.Exemption` reads it, with its name."""

    code: str
    purse: str
    sector: str | None
    procedure_code: str | None
    by_proof: bool
    name_vi: str
    name_en: str


class Decided(NamedTuple):
    """What a decision says and from when; a part that is None stays as it is."""

    decision: str
    valid_from: date
    valid_to: date | None
    collection: Sequence[Price] | None = None
    delivery: Sequence[Price] | None = None
    exemptions: Sequence[Exempt] | None = None


class _Part(NamedTuple):
    """Rows that are replaced together; `kind` is the leg, where the table has one."""

    table: str
    kind: str | None
    names: tuple[str, ...]

    @property
    def scope(self) -> str:
        return "$1::text IS NULL" if self.kind is None else "kind = $1"


@operation
async def put_tariff(decided: Decided, *, now: datetime) -> int:
    """Let a decision's prices and exemptions stand from its first day; how many rows are new.

    Twice is once. Raises `TariffInThePast` when it would change what a day that is over cost.
    """
    changed = await apply(decided, today=local_date(now))
    if changed:
        detail = {"decision": decided.decision, "from": decided.valid_from.isoformat()}
        await journal.write(
            "tariff.put",
            object_kind="tariff",
            object_id=decided.valid_from.isoformat(),
            at=now,
            detail=detail,
        )
    return changed


async def apply(decided: Decided, *, today: date) -> int:
    """`put_tariff` inside the caller's operation."""
    # Whoever reads prices meanwhile reads those of before; two who write go one after the other.
    await in_transaction().execute(
        "LOCK TABLE postage_tariff, payment_exemption IN SHARE ROW EXCLUSIVE MODE"
    )
    parts: list[tuple[_Part, Sequence[tuple[Any, ...]] | None]] = [
        (_Part("postage_tariff", "collection", Price._fields), decided.collection),
        (_Part("postage_tariff", "delivery", Price._fields), decided.delivery),
        (_Part("payment_exemption", None, Exempt._fields), decided.exemptions),
    ]
    return sum([await _replace(part, rows, decided, today) for part, rows in parts if rows is not None])


async def _replace(part: _Part, rows: Sequence[tuple[Any, ...]], decided: Decided, today: date) -> int:
    since, until = decided.valid_from, decided.valid_to
    db = in_transaction()
    later = await db.fetchval(
        f"SELECT min(valid_from) FROM {part.table} WHERE {part.scope} AND valid_from > $2", part.kind, since
    )
    if later is not None and (until is None or until >= later):
        until = later - ONE_DAY
    known = await db.fetch(
        f"SELECT {', '.join(part.names)}, decision, valid_to FROM {part.table}"
        f" WHERE {part.scope} AND valid_from = $2",
        part.kind,
        since,
    )
    if {tuple(row) for row in known} == {(*row, decided.decision, until) for row in rows}:
        return 0
    if since < today and await db.fetchval(
        f"SELECT 1 FROM {part.table} WHERE {part.scope} AND valid_from < $3"
        " AND (valid_to IS NULL OR valid_to >= $2) LIMIT 1",
        part.kind,
        since,
        today,
    ):
        raise TariffInThePast
    await db.execute(f"DELETE FROM {part.table} WHERE {part.scope} AND valid_from = $2", part.kind, since)
    await db.execute(
        f"UPDATE {part.table} SET valid_to = $3 WHERE {part.scope} AND valid_from < $2"
        " AND (valid_to IS NULL OR valid_to >= $2)",
        part.kind,
        since,
        since - ONE_DAY,
    )
    names = ("id", *(("kind",) if part.kind else ()), *part.names, "decision", "valid_from", "valid_to")
    places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    await db.executemany(
        f"INSERT INTO {part.table} ({', '.join(names)}) VALUES ({places})",
        [
            (new_id(), *((part.kind,) if part.kind else ()), *row, decided.decision, since, until)
            for row in rows
        ],
    )
    return len(rows)
