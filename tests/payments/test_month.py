"""A month of doors: cash short and over, reports lost, late and twice, money given back, receipts spoiled,
lost and of a colleague's book.

What really happened is kept in a log of its own, with plain sums; every night the book is held against it.
"""

import itertools
import os
import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.appointments import operations as appointments
from app.appointments import queries as slots
from app.centres.queries import PoolRow
from app.core.clock import at_local, local_date
from app.core.database import fetch
from app.home_service import operations, queries
from app.home_service import operations as rounds
from app.home_service.errors import WindowGone
from app.home_service.operations.report import Answer, Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report
from app.payments import books
from app.payments import operations as money
from app.payments.rules import CaseKind, Purse
from app.payments.settlement import Settlement
from app.rounds import queries as couriers
from tests.home_service.conftest import LAT, LON, PARTNER, door, event
from tests.payments.conftest import FEE, STATUS, balances, bill, number, settled
from tests.payments.conftest import money as money_report

DAYS = 22
COURIERS = ("tu", "ha", "minh", "nam")
VISITS_A_WINDOW = 4
SEEN = (
    "cancelled", "refunded", "failed", "waived", "lost", "late", "told twice", "short", "over",
    "receipt used", "foreign", "spoiled", "form lost",
)  # fmt: skip
# Every courier has one book of the month: numbers 1 to 5000 of a series of their own.
BOOK = 5_000


def printed(book: str, n: int) -> str:
    """As couriers type it: not always with every nought."""
    return f"{book.upper()}-{n:04d}" if n % 3 else f"{book}-{n}"


class Log:
    """What happened, as somebody standing beside would have counted it: by courier, day and purse."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, date, Purse], int] = defaultdict(int)
        self.pocket: dict[tuple[str, date, Purse], int] = defaultdict(int)
        self.back: dict[tuple[str, date, Purse], int] = defaultdict(int)
        self.handed: dict[tuple[str, date, Purse], int] = defaultdict(int)
        self.at_centre = 0
        self.back_at_post_office: dict[Purse, int] = defaultdict(int)
        self.apart: dict[Purse, int] = defaultdict(int)
        self.made_good: dict[tuple[str, date, Purse], int] = defaultdict(int)
        self.found: dict[tuple[str, date, Purse], int] = defaultdict(int)
        self.untold: list[tuple[datetime, Any]] = []
        self.visits = 0
        self.counts: dict[str, int] = defaultdict(int)
        # The first telling of a number: by whom, and of which day; and the day it was told as spoiled.
        self.used: dict[tuple[str, int], tuple[str, date]] = {}
        self.void: dict[tuple[str, int], tuple[str, date]] = {}
        self.wrong: dict[str, int] = defaultdict(int)

    def gaps(self, book: str, day: date) -> list[tuple[int, int]]:
        """Numbers of a book below the highest of the day that nobody has told of, as runs."""
        told = {n for name, n in {*self.used, *self.void} if name == book}
        days = [
            (n, of_day)
            for told_of in (self.used, self.void)
            for (name, n), (_, of_day) in told_of.items()
            if name == book
        ]
        highest = max((n for n, of_day in days if of_day <= day), default=0)
        runs: list[tuple[int, int]] = []
        for n in range(1, highest):
            if n in told:
                continue
            runs = [*runs[:-1], (runs[-1][0], n)] if runs and runs[-1][1] == n - 1 else [*runs, (n, n)]
        return runs

    def difference(self, key: tuple[str, date, Purse]) -> int:
        return self.told[key] - self.back[key] - self.handed[key] - self.made_good[key] + self.found[key]


class Month:
    """The month, day by day, with its dice."""

    def __init__(self, pool: PoolRow, start: date, dice: int) -> None:
        self.pool, self.start = pool, start
        self.chance = random.Random(dice)
        self.log = Log()
        self.days: list[date] = []
        self.receipts: list[tuple[str, int]] = []
        self.next = {name: itertools.count(1) for name in COURIERS}
        self.refunds: list[tuple[HomeVisitRow, Purse]] = []
        self.short: list[tuple[str, date, Purse, int]] = []
        self.seqs = itertools.count(10)

    async def open_day(self, day: date) -> None:
        eve = at_local(day, 0) - timedelta(hours=4)
        for name in COURIERS:
            await rounds.put_shift(
                partner_id=PARTNER,
                external_id=name,
                day=day,
                starts_at=at_local(day, 7),
                ends_at=at_local(day, 19),
                capacity=30,
                now=eve,
            )
        await rounds.publish_of_partner(partner_id=PARTNER, day=day, now=eve)
        for hour in (8, 14):
            await appointments.publish_opening(
                centre_id=self.pool.centre_id,
                pool_id=self.pool.id,
                starts_at=at_local(day, hour),
                ends_at=at_local(day, hour + 4),
                counters=12,
                grain_minutes=120,
                now=eve,
            )

    async def promise(self, window_id: uuid.UUID, eve: datetime) -> HomeVisitRow:
        spot = door(lat=LAT + self.chance.uniform(-0.01, 0.01), lon=LON + self.chance.uniform(-0.01, 0.01))
        file = await operations.promise(
            citizen_id=uuid.uuid4(),
            kind=Kind.COLLECTION,
            procedure_codes=[STATUS],
            window_id=window_id,
            door=spot,
            dossier_number=None,
            now=eve,
        )
        self.log.visits += 1
        return file.visit

    async def play(self, day: date) -> None:
        """Visits are promised the evening before, driven, and their cash handed in."""
        await self.open_day(day)
        self.days.append(day)
        eve = at_local(day, 0) - timedelta(hours=4)
        opened = await slots.open_slots(
            self.pool.id, start=at_local(day, 0), end=at_local(day, 0) + timedelta(days=1)
        )
        for window in opened:
            for _ in range(VISITS_A_WINDOW):
                try:
                    visit = await self.promise(window.id, eve)
                except WindowGone:
                    continue
                await self.visit(visit, day, eve)
        await self.tell_what_is_late(at_local(day, 19))
        await self.hand_in(day)
        await self.give_back(day)

    async def visit(self, visit: HomeVisitRow, day: date, eve: datetime) -> None:
        courier = await self.name(visit)
        what = self.chance.random()
        if what < 0.06:
            await self.paid_at_centre_and_cancelled(visit, eve)
        elif what < 0.12:
            await self.paid_and_failed(visit, courier, day)
        elif what < 0.18:
            await self.free(visit, courier)
        else:
            await self.paid(visit, courier, day)

    async def name(self, visit: HomeVisitRow) -> str:
        assert visit.courier_id is not None
        row = await couriers.courier_by_id(visit.courier_id)
        assert row is not None
        return row.external_id

    async def paid_at_centre_and_cancelled(self, visit: HomeVisitRow, eve: datetime) -> None:
        await operations.pay_at_centre(
            home_visit_id=visit.id,
            centre_id=visit.centre_id,
            officer_id=uuid.UUID(int=5),
            amount_vnd=FEE,
            receipt=number(),
            now=eve,
        )
        self.log.at_centre += FEE
        await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=eve)
        self.log.counts["cancelled"] += 1
        if self.chance.random() < 0.8:
            await operations.refund_at_centre(
                home_visit_id=visit.id, centre_id=visit.centre_id, reference="PC", now=eve
            )
            self.log.at_centre -= FEE
            self.log.counts["refunded at the centre"] += 1

    async def paid_and_failed(self, visit: HomeVisitRow, courier: str, day: date) -> None:
        """Paid at the door, then a paper was missing: the money is owed back."""
        await self.take(visit, courier, day, Purse.STATE, FEE)
        await self.send(
            [
                event(visit, Report.ACCEPTED, 1, courier=courier),
                event(visit, Report.EN_ROUTE, 2, courier=courier),
                event(visit, Report.ARRIVED, 3, courier=courier),
                event(visit, Report.FAILED, 4, courier=courier, reason="incomplete_papers"),
            ],
            at_local(day, 19),
        )
        self.log.counts["failed"] += 1
        self.refunds.append((visit, Purse.STATE))

    async def free(self, visit: HomeVisitRow, courier: str) -> None:
        reports = [
            money_report(visit, 5 + n, {"amount": 0, "kind": purse.value, "waiver": "HN"}, courier=courier)
            for n, purse in enumerate(Purse)
        ]
        await self.send(reports, visit.ends_at)
        assert (await bill(visit)).owed_in_all == 0
        self.log.counts["waived"] += 1

    async def paid(self, visit: HomeVisitRow, courier: str, day: date) -> None:
        postage = (await bill(visit)).owed(Purse.POSTAGE)
        fee = FEE
        if self.chance.random() < 0.08:
            fee += self.chance.choice([-4_000, -1_000, 5_000])
            self.log.counts["another amount"] += 1
            if fee > FEE:
                self.refunds.append((visit, Purse.STATE))
        await self.take(visit, courier, day, Purse.STATE, fee)
        await self.take(visit, courier, day, Purse.POSTAGE, postage)

    async def take(self, visit: HomeVisitRow, courier: str, day: date, purse: Purse, amount: int) -> None:
        """Cash changes hands; whether, when and how often it is told is another matter."""
        dice = self.chance.random()
        book, spoiled = courier, []
        if dice < 0.03:
            book = self.chance.choice([name for name in COURIERS if name != courier])
            self.log.counts["foreign"] += 1
        elif dice < 0.06:
            spoiled = [next(self.next[book])]
            self.log.counts["spoiled"] += 1
        elif dice < 0.08:
            next(self.next[book])
            self.log.counts["form lost"] += 1
        receipt = (book, next(self.next[book]))
        if self.receipts and self.chance.random() < 0.03:
            receipt = self.chance.choice(self.receipts)
            self.log.counts["receipt used"] += 1
        else:
            self.receipts.append(receipt)
        self.log.pocket[courier, day, purse] += amount
        told = (self.report(visit, courier, purse, amount, receipt, spoiled), receipt, spoiled)
        how = self.chance.random()
        if how < 0.02:
            self.log.counts["lost"] += 1
            return
        if how < 0.12:
            self.log.counts["late"] += 1
            late = at_local(day, 20) + timedelta(days=self.chance.randint(0, 3))
            self.log.untold.append((late, (told, courier, day, purse, amount)))
            return
        await self.told([(told, courier, day, purse, amount)], visit.ends_at)

    def report(
        self,
        visit: HomeVisitRow,
        courier: str,
        purse: Purse,
        amount: int,
        receipt: tuple[str, int],
        spoiled: Sequence[int] = (),
    ) -> Any:
        facts: dict[str, Any] = {"amount": amount, "kind": purse.value, "receipt": printed(*receipt)}
        if spoiled:
            facts["spoiled"] = [printed(courier, n) for n in spoiled]
        told = money_report(visit, next(self.seqs), facts, courier=courier)
        return told._replace(occurred_at=visit.starts_at + timedelta(minutes=20))

    async def told(self, what: Sequence[Any], now: datetime) -> None:
        for (report, receipt, spoiled), courier, day, purse, amount in what:
            wrong = self.wrong(receipt, courier)
            [answer] = await self.send([report], now)
            assert wrong is None or answer.reason in (wrong, "conflict")
            self.log.told[courier, day, purse] += amount
            self.log.used.setdefault(receipt, (courier, day))
            for n in spoiled:
                self.log.void.setdefault((courier, n), (courier, day))
            if wrong:
                self.log.wrong[wrong] += 1

    def wrong(self, receipt: tuple[str, int], courier: str) -> str | None:
        if receipt in self.log.used:
            return "receipt_reused"
        return None if receipt[0] == courier else "receipt_of_another"

    async def send(self, reports: list[Any], now: datetime) -> list[Answer]:
        """Some batches twice, shuffled the second time; what was answered the first time."""
        again: list[Any] = []
        if self.chance.random() < 0.3:
            again = self.chance.sample(reports, len(reports))
            self.log.counts["told twice"] += len(again)
        answers = []
        for report in [*reports, *again]:
            answer = await operations.apply_partner_event(partner_id=PARTNER, event=report, now=now)
            assert answer.outcome is not Outcome.REJECTED, answer
            answers.append(answer)
        return answers[: len(reports)]

    async def tell_what_is_late(self, now: datetime) -> None:
        due = [what for at, what in self.log.untold if at <= now]
        self.log.untold = [(at, what) for at, what in self.log.untold if at > now]
        await self.told(due, now)

    async def hand_in(self, day: date) -> None:
        """At the post office in the evening: what is in the pocket, unless something went wrong."""
        now = at_local(day, 20)
        for name, of_day, purse, missing in self.short:
            await self.remit(name, of_day, {purse: missing}, now)
        self.short = []
        for name in COURIERS:
            amounts = {purse: self.log.pocket[name, day, purse] for purse in Purse}
            dice = self.chance.random()
            if dice < 0.08 and amounts[Purse.STATE] > 3_000:
                amounts[Purse.STATE] -= 3_000
                self.log.counts["short"] += 1
                if self.chance.random() < 0.5:
                    self.short.append((name, day, Purse.STATE, 3_000))
            elif dice < 0.12:
                amounts[Purse.POSTAGE] += 7_000
                self.log.counts["over"] += 1
            elif dice < 0.16:
                self.short += [(name, day, purse, amount) for purse, amount in amounts.items() if amount]
                self.log.counts["a day late"] += 1
                continue
            await self.remit(name, day, amounts, now)

    async def remit(self, name: str, day: date, amounts: dict[Purse, int], now: datetime) -> None:
        if not any(amounts.values()):
            return
        await money.remit(partner_id=PARTNER, courier=name, day=day, amounts=amounts, slip="PT", now=now)
        for purse, amount in amounts.items():
            self.log.handed[name, day, purse] += amount

    async def give_back(self, day: date) -> None:
        """Some of what is owed back is given back that evening, once it is known of."""
        later = []
        for visit, purse in self.refunds:
            over = (await bill(visit)).over(purse)
            if over == 0 or self.chance.random() < 0.4:
                later.append((visit, purse))
                continue
            await operations.refund_by_partner(
                home_visit_id=visit.id,
                partner_id=PARTNER,
                purse=purse,
                courier=None,
                reference="PC",
                now=at_local(day, 21),
            )
            self.log.back_at_post_office[purse] += over
            self.log.counts["refunded"] += 1
        self.refunds = later

    async def night(self, day: date) -> None:
        """The night's check, and the book against the log."""
        now = at_local(day, 0) + timedelta(days=1, hours=2)
        for partner_id, of_day in await money.days_to_check(now=now, at_most=999):
            await money.check_day(partner_id=partner_id, day=of_day, now=now)
        for of_day in self.days:
            await self.compare(of_day)
        book = await balances()
        assert sum(book.values()) == 0
        for purse in Purse:
            handed = sum(a for (_, _, p), a in self.log.handed.items() if p is purse)
            good = sum(a for (_, _, p), a in self.log.made_good.items() if p is purse)
            kept = handed + good - self.log.back_at_post_office[purse] - self.log.apart[purse]
            assert book.get((purse, "partner", str(PARTNER)), 0) == kept
        assert book.get(("state", "centre", str(self.pool.centre_id)), 0) == self.log.at_centre

    async def compare(self, day: date) -> Settlement:
        """The day's sheet says what the log says, and names a reason for every difference."""
        names = await couriers.external_ids(PARTNER)
        sheet = await settled(day)
        lines = {(names[line.courier_id], line.purse): line for line in sheet.couriers}
        for name, purse in itertools.product(COURIERS, Purse):
            key, line = (name, day, purse), lines.get((name, purse))
            assert (line.collected if line else 0) == self.log.told[key]
            assert (line.remitted if line else 0) == self.log.handed[key]
            difference = line.difference if line else 0
            assert difference == self.log.difference(key)
            why = [
                reason.amount_vnd
                for reason in sheet.reasons
                if reason.courier_id
                and names[reason.courier_id] == name
                and reason.purse == purse
                and reason.home_visit_id is None
            ]
            assert why == ([abs(difference)] if difference else [])
        assert sheet.is_balanced is (not sheet.reasons)
        self.compare_numbers(day, sheet, names)
        return sheet

    def compare_numbers(self, day: date, sheet: Settlement, names: dict[uuid.UUID, str]) -> None:
        """Used, void and missing numbers of each courier and book, as the log has them."""
        seen = {(names[line.courier_id], line.book): line for line in sheet.numbers}
        for name, book in itertools.product(COURIERS, COURIERS):
            line = seen.get((name, book))
            used = sorted(n for (b, n), told in self.log.used.items() if b == book and told == (name, day))
            void = sorted(n for (b, n), told in self.log.void.items() if b == book and told == (name, day))
            assert list(line.used if line else []) == used
            assert list(line.void if line else []) == void
            gaps = self.log.gaps(book, day) if name == book else []
            assert [tuple(gap) for gap in (line.gaps if line else [])] == gaps

    async def end(self, after: date) -> None:
        """Everything is told, given back, made good or set apart; then no day has a reason left."""
        now = at_local(after, 9)
        await self.told([what for _, what in self.log.untold], now)
        self.log.untold = []
        names = await couriers.external_ids(PARTNER)
        for day in self.days:
            for case in [c for c in (await settled(day)).cases if c.state == "open"]:
                await self.close(case, names, now)

    async def close(self, case: Any, names: dict[uuid.UUID, str], now: datetime) -> None:
        kind, purse = CaseKind(case.kind), Purse(case.purse)
        if kind is CaseKind.REFUND_OWED:
            await self.refund(case, purse, now)
        elif kind is CaseKind.UNDERPAID:
            visit = await queries.by_id(case.home_visit_id)
            assert visit is not None
            courier, day = await self.name(visit), local_date(visit.starts_at)
            missing = (await bill(visit)).owed(purse)
            receipt = (courier, next(self.next[courier]))
            rest = self.report(visit, courier, purse, missing, receipt)
            await self.told([((rest, receipt, []), courier, day, purse, missing)], now)
            await self.remit(courier, day, {purse: missing}, now)
        else:
            await money.close_case(partner_id=PARTNER, case_id=case.id, note="biên bản", now=now)
            key = (names[case.courier_id], case.day, purse)
            if kind in (CaseKind.CASH_SHORT, CaseKind.NOT_REMITTED):
                self.log.made_good[key] += case.amount_vnd
            elif kind is CaseKind.CASH_OVER:
                self.log.found[key] += case.amount_vnd
                self.log.apart[purse] += case.amount_vnd

    async def refund(self, case: Any, purse: Purse, now: datetime) -> None:
        over = case.amount_vnd
        if case.partner_id is None:
            await operations.refund_at_centre(
                home_visit_id=case.home_visit_id, centre_id=self.pool.centre_id, reference="PC", now=now
            )
            self.log.at_centre -= over
            return
        await operations.refund_by_partner(
            home_visit_id=case.home_visit_id,
            partner_id=PARTNER,
            purse=purse,
            courier=None,
            reference="PC",
            now=now,
        )
        self.log.back_at_post_office[purse] += over


async def kinds_of_cases() -> dict[str, int]:
    rows = await fetch("SELECT kind, count(*)::int AS found FROM money_case GROUP BY kind")
    return {row["kind"]: row["found"] for row in rows}


@pytest.mark.parametrize("dice", range(2 if os.environ.get("MOTCUA_LONG") else 1))
async def test_every_day_of_a_month_balances_or_says_why(
    kim_son: PoolRow, tomorrow: date, now: datetime, dice: int
) -> None:
    for n, name in enumerate(COURIERS):
        await rounds.put_courier(
            partner_id=PARTNER,
            external_id=name,
            given_name=name.title(),
            phone=f"+8491234567{n}",
            skills=["*"],
            lat=LAT + 0.005 * n,
            lon=LON,
            active=True,
            now=now,
        )
        await books.put_book(
            issuer_id=PARTNER, name=name, series=name, first="0001", last=f"{BOOK:04d}", now=now
        )
        await books.hand_out(
            issuer_id=PARTNER, name=name, courier=name, since=tomorrow, until=None, now=now
        )
    month = Month(kim_son, tomorrow, dice)

    for n in range(DAYS):
        day = tomorrow + timedelta(days=n)
        await month.play(day)
        await month.night(day)

    assert month.log.visits > 300
    unbalanced = [day for day in month.days if not (await settled(day)).is_balanced]
    assert unbalanced  # the month was not a quiet one
    seen = month.log.counts
    for what in SEEN:
        assert seen[what], what

    after = tomorrow + timedelta(days=DAYS + 2)
    await month.end(after)

    for day in month.days:
        sheet = await month.compare(day)
        assert sheet.is_balanced, sheet.reasons
    kinds = await kinds_of_cases()
    for kind in ("receipt_reused", "receipt_of_another"):
        assert kinds[kind] == month.log.wrong[kind] > 0
    assert not kinds.keys() & {"receipt_outside_range", "receipt_void"}
    told = sum(amount for amount in month.log.told.values())
    sheets = [await settled(day) for day in month.days]
    collected = sum(line.collected for sheet in sheets for line in sheet.couriers)
    assert collected == told
    book = await balances()
    assert sum(book.values()) == 0
    for purse in Purse:
        citizens = sum(-amount for (p, kind, _), amount in book.items() if p == purse and kind == "citizen")
        took = sum(a for (_, _, p), a in month.log.told.items() if p is purse)
        centre = month.log.at_centre if purse is Purse.STATE else 0
        assert citizens == took - month.log.back_at_post_office[purse] + centre
