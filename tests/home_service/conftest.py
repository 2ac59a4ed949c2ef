"""Bà Hoa's house in Kim Sơn, the windows of its postal zone, and Tú who comes."""

import itertools
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from app.appointments import operations as appointments
from app.appointments import queries as slots
from app.appointments.queries import SlotRow
from app.centres import queries as centres
from app.centres.queries import PoolRow
from app.core.clock import at_local, local_date
from app.core.database import DB
from app.custody import queries as custody
from app.custody.queries import PackageRow
from app.custody.steps import Paper
from app.home_service import operations, queries
from app.home_service.operations.promise import Door
from app.home_service.operations.receive import Received
from app.home_service.operations.report import Answer, PartnerEvent
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report
from app.rounds.queries import CourierRow
from app.sample import files
from tests import remembered

DISABILITY = "1.001699"  # xác định mức độ khuyết tật: papers may be collected
RESIDENCE = "1.004194"  # đăng ký tạm trú: no paper any more, help at home
MARRIAGE = "1.000894"  # đăng ký kết hôn: both must sign
PARTNER = files.people().partner.id
KIM_SON = "14638"
LAT, LON = 20.11, 106.12
WINDOW = timedelta(hours=2)
PAPERS: list[dict[str, int]] = [{"component": 1, "originals": 3}, {"component": 2, "copies": 2}]
COUNTED = (Paper(component=1, originals=3), Paper(component=2, copies=2))

OFFICER = uuid.UUID(int=5)

NUMBERS = itertools.count(1)


class Zone(NamedTuple):
    """A postal zone with its windows of tomorrow."""

    pool: PoolRow
    windows: Sequence[SlotRow]


Publish = Callable[..., Awaitable[Zone]]
Hire = Callable[..., Awaitable[CourierRow]]
Promise = Callable[..., Awaitable[HomeVisitRow]]


@pytest.fixture
def tomorrow(now: datetime) -> date:
    return local_date(now) + timedelta(days=1)


@pytest.fixture
async def kim_son(database: object, now: datetime) -> PoolRow:
    """The zone of Kim Sơn in the sample's catalogue, with nothing opened yet."""
    await remembered.catalogue(now)
    pool = await centres.postal_zone_for(on=local_date(now), commune_code=KIM_SON)
    assert pool is not None
    return pool


@pytest.fixture
def publish(kim_son: PoolRow, tomorrow: date, now: datetime) -> Publish:
    """`await publish(places=6)`: windows of two hours, two before noon and two after."""

    async def run(*, places: int = 6) -> Zone:
        for hour in (8, 14):
            await appointments.publish_opening(
                centre_id=kim_son.centre_id,
                pool_id=kim_son.id,
                starts_at=at_local(tomorrow, hour),
                ends_at=at_local(tomorrow, hour + 4),
                counters=places,
                grain_minutes=120,
                now=now,
            )
        start = at_local(tomorrow, 0)
        found = await slots.open_slots(kim_son.id, start=start, end=start + timedelta(days=1))
        return Zone(kim_son, found)

    return run


@pytest.fixture
async def zone(publish: Publish) -> Zone:
    return await publish()


@pytest.fixture
def hire(database: object, tomorrow: date, now: datetime) -> Hire:
    """`await hire("tu")`: a courier at the post office of Kim Sơn, from 07:00 to 19:00 tomorrow.

    Their rounds are told, so that a visit promised is theirs at once; `told=False` leaves it to the clock.
    """

    async def run(
        name: str,
        *,
        lat: float = LAT,
        skills: Sequence[str] = ("*",),
        capacity: int = 30,
        partner_id: uuid.UUID = PARTNER,
        until: int = 19,
        told: bool = True,
        at: datetime = now,
    ) -> CourierRow:
        row = await operations.put_courier(
            partner_id=partner_id,
            external_id=name,
            given_name=name.title(),
            phone="+84912345678",
            skills=skills,
            lat=lat,
            lon=LON,
            active=True,
            now=at,
        )
        await operations.put_shift(
            partner_id=partner_id,
            external_id=name,
            day=tomorrow,
            starts_at=at_local(tomorrow, 7),
            ends_at=at_local(tomorrow, until),
            capacity=capacity,
            now=at,
        )
        if told:
            await operations.publish_of_partner(partner_id=partner_id, day=tomorrow, now=at)
        return row

    return run


@pytest.fixture
async def swift(database: object) -> None:
    """Work at every door takes a second: for tests of many visits in one window."""
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO service_time (kind, procedure_code, seconds)"
        " VALUES ('collection', '', 1), ('delivery', '', 1)"
    )
    await DB.pool.execute(
        "INSERT INTO planning_rule (id, inflation, guard_seconds, access_seconds, centroid_seconds,"
        " published_minutes) VALUES (1, 1.1, 900, 1, 0, 720)"
    )


@pytest.fixture
async def tu(hire: Hire) -> CourierRow:
    return await hire("tu")


def door(**facts: Any) -> Door:
    """Bà Hoa's house."""
    usual = Door(
        address_text="Xóm 4",
        commune=KIM_SON,
        lat=LAT,
        lon=LON,
        contact_name="Bùi Thị Hoa",
        contact_phone="+84987654321",
        locale="vi",
        note="",
    )
    return usual._replace(**facts)


async def ask(zone: Zone, now: datetime, **facts: Any) -> HomeVisitRow:
    """A collection at bà Hoa's house in the first window, unless said otherwise."""
    usual: dict[str, Any] = {
        "citizen_id": uuid.uuid4(),
        "kind": Kind.COLLECTION,
        "procedure_codes": [DISABILITY],
        "window_id": zone.windows[0].id,
        "door": door(),
        "dossier_number": None,
    }
    return (await operations.promise(now=now, **(usual | facts))).visit


@pytest.fixture
def promise(zone: Zone, tu: CourierRow, now: datetime) -> Promise:
    """`await promise()`: a visit that Tú was given."""

    async def run(**facts: Any) -> HomeVisitRow:
        return await ask(zone, now, **facts)

    return run


def new_seal() -> str:
    return f"NIEM-{next(NUMBERS):06d}"


def event(
    visit: HomeVisitRow,
    kind: Report,
    seq: int,
    *,
    courier: str = "tu",
    event_id: uuid.UUID | None = None,
    **data: Any,
) -> PartnerEvent:
    """What the device of a courier sends, so many minutes into the window."""
    return PartnerEvent(
        event_id=event_id or uuid.uuid4(),
        task_id=visit.id,
        type=kind,
        occurred_at=visit.starts_at + timedelta(minutes=seq),
        device_seq=seq,
        courier=courier,
        lat=LAT,
        lon=LON,
        data=data,
    )


def collection(visit: HomeVisitRow, seal: str) -> list[PartnerEvent]:
    """Everything a courier reports of papers fetched and brought to the centre (story 12)."""
    return [
        event(visit, Report.ACCEPTED, 1),
        event(visit, Report.EN_ROUTE, 2),
        event(visit, Report.ARRIVED, 3),
        event(visit, Report.COUNTED, 4, papers=PAPERS),
        event(visit, Report.SEALED, 5, seal=seal),
        event(visit, Report.FEE_COLLECTED, 6, amount=0, receipt="BL-1"),
        event(visit, Report.REACHED_HUB, 7, hub="BC-14638"),
        event(visit, Report.HANDED_OVER, 8),
    ]


async def report(*events: PartnerEvent, partner_id: uuid.UUID = PARTNER) -> list[Answer]:
    """Send events one after the other, an hour after the last of them happened."""
    received = max(e.occurred_at for e in events) + timedelta(hours=1)
    return [
        await operations.apply_partner_event(partner_id=partner_id, event=e, now=received) for e in events
    ]


async def state_of(visit: HomeVisitRow) -> str:
    found = await queries.by_id(visit.id)
    assert found is not None
    return found.state


async def facts_of(home_visit_id: uuid.UUID) -> list[str]:
    """What the outside was told about a visit and its package, in order."""
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT kind FROM outbox WHERE payload::jsonb ->> 'home_visit_id' = $1 ORDER BY id",
        str(home_visit_id),
    )
    return [row["kind"] for row in rows]


async def places_taken(window_id: uuid.UUID) -> int:
    assert DB.pool is not None
    return int(await DB.pool.fetchval("SELECT taken_online FROM slot WHERE id = $1", window_id))


async def package_of(visit: HomeVisitRow) -> PackageRow:
    found = await custody.of_visit(visit.id)
    assert found is not None
    return found


async def receive(visit: HomeVisitRow, seal: str, **facts: Any) -> Received:
    usual: dict[str, Any] = {
        "centre_id": visit.centre_id,
        "officer_id": OFFICER,
        "seal_intact": True,
        "contents": COUNTED,
        "now": visit.ends_at + timedelta(hours=1),
    }
    return await operations.receive_package(seal_number=seal, **(usual | facts))


async def reach(visit: HomeVisitRow, last: Report, *, seal: str | None = None) -> None:
    """Everything up to and with the report, in order."""
    story = collection(visit, seal or new_seal())
    kinds = [e.type for e in story]
    await report(*story[: kinds.index(last) + 1])


async def another(visit: HomeVisitRow) -> HomeVisitRow:
    """The same promise for one more door, beside the plan: for tests that need hundreds of them."""
    assert DB.pool is not None
    made = visit._replace(id=uuid.uuid4(), reference=f"TEST-{uuid.uuid4().hex[:12]}")
    given = dict(
        await DB.pool.fetchrow(
            "SELECT * FROM assignment WHERE home_visit_id = $1 ORDER BY generation DESC LIMIT 1", visit.id
        )
        or {}
    ) | {"id": uuid.uuid4(), "home_visit_id": made.id, "state": "active", "generation": 1}
    for table, row in (("home_visit", made._asdict()), ("assignment", given)):
        places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await DB.pool.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())
    return made


async def at_work(centre_id: uuid.UUID) -> None:
    """The officer is one of this centre, and signs in as `mai`."""
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO officer_credential (officer_id, username, password_hash, centre_id, roles, created_at)"
        " VALUES ($1, 'mai', '-', $2, '{officer}', now()) ON CONFLICT DO NOTHING",
        OFFICER,
        centre_id,
    )
