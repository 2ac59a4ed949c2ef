"""Play a day: the whole installation on a fast clock, and everybody of the plan in it."""

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

from app.core.clock import (
    FastClock,
    Hands,
    at_local,
    current_time,
    local,
    local_date,
    machine_time,
    set_clock,
)
from app.core.working_calendar import WorkingCalendar
from app.demo.people import Caller, SmsInbox, StoryBroken
from app.demo.stage import Stage, staged
from app.sample import files
from app.sample import seed as sample
from app.sample.people import accounts
from app.settings import Settings, SettingsError
from app.simulation.couriers import CENTRE, day_of_couriers
from app.simulation.doors import households
from app.simulation.hall import Book
from app.simulation.installation import desks_of, halls_of, hands_of_packages, signs_in
from app.simulation.members import Member
from app.simulation.office import Office
from app.simulation.people import Desk, World, citizen
from app.simulation.plan import Session, Visitor, visitors
from app.simulation.promises import DoorBook
from app.simulation.results import RESULTS_A_COURIER, Results
from app.simulation.tempo import Tempo
from partners.postal.emulator.client import MotcuaClient

# Long enough before the doors open for everybody to book: on the clock of the day, and by the machine's,
# which brings every code by SMS in its own time however fast the day goes.
BOOKS_BEFORE: Final = timedelta(minutes=40)
BOOKS_WITHIN: Final = timedelta(seconds=24)
# The day itself, and some to put off to.
DAYS_OPEN: Final = 3
TIMEOUT_S: Final = 30.0
SHOWN_EVERY_S: Final = 1.0
FIRST_PHONE: Final = 912_000_000
FIRST_DOOR_PHONE: Final = 962_000_000
# When windows of home visits begin.
WINDOWS: Final = (8, 10, 14, 16)


class Day(NamedTuple):
    """Which day is played, and how."""

    date: date
    sessions: Sequence[Session]
    load: float | None
    seed: int
    couriers: int = 0


async def simulate(
    settings: Settings,
    *,
    speed: int,
    load: float | None,
    seed: int,
    until: int,
    couriers: int,
    exit_after: bool,
    as_json: bool,
    wait: Callable[[], Awaitable[None]],
) -> dict[str, Any]:
    """The next working day of the demonstration's centre, `speed` times as fast, open until that hour.

    Returns one summary; `ok` when everybody of the plan has come and gone and nobody was forgotten.
    """
    if settings.database_url or settings.redis_url:
        raise SettingsError(
            "A simulated day starts servers of its own: unset DATABASE_URL and REDIS_URL for it."
        )
    console = Console(stderr=as_json)
    day = _next_working_day(local_date(machine_time()), until=until, load=load, seed=seed)
    day = day._replace(couriers=couriers)
    with tempfile.TemporaryDirectory(prefix="motcua-day-") as folder:
        begins = day.sessions[0].opens - max(BOOKS_BEFORE, BOOKS_WITHIN * speed)
        hands = Hands.standing(Path(folder) / "clock")
        clock = FastClock(begins, machine_time(), speed, str(Path(folder) / "clock"))
        # Whoever watches sees the day pass evenly; for a summary, time nobody uses is skipped.
        tempo = Tempo(speed, skips=hands if exit_after else None)
        own = replace(settings, data_dir=Path(folder), clock=clock, otp_per_address_per_hour=100_000)
        set_clock(clock)
        try:
            async with staged(
                own,
                sample_wanted=True,
                open_at_once=False,
                postal_wanted=False,
                working_days=DAYS_OPEN,
            ) as stage:
                hands.start(clock, machine_time())
                summary = await _play(stage, day, tempo, console)
                if not exit_after:
                    console.print_json(data=summary)
                    await wait()
        finally:
            set_clock(None)
    return summary


def _next_working_day(today: date, *, until: int, load: float | None, seed: int) -> Day:
    """The first working day after today by the sample's calendar, and when its doors are open."""
    days = files.calendar().days
    calendar = WorkingCalendar(
        holidays=frozenset(day.day for day in days if day.kind == "holiday"),
        working_days=frozenset(day.day for day in days if day.kind == "working"),
    )
    day = calendar.next_working_day(today)
    last = at_local(day, until)
    sessions = [
        Session(opens, min(closes, last)) for opens, closes in calendar.intervals(day) if opens < last
    ]
    if not sessions:
        raise SettingsError("The doors are not open before that hour.")
    return Day(day, sessions, load, seed)


async def _play(stage: Stage, day: Day, tempo: Tempo, console: Console) -> dict[str, Any]:
    expected = visitors(await halls_of(stage, day.date), day.sessions, load=day.load, seed=day.seed)
    book = Book(expected=len(expected))
    async with (
        httpx.AsyncClient(base_url=stage.api, timeout=TIMEOUT_S, trust_env=False) as api,
        httpx.AsyncClient(base_url=stage.sms, timeout=TIMEOUT_S, trust_env=False) as sms,
    ):
        world = World(
            api=api,
            inbox=SmsInbox(sms),
            centre_id=str(sample.DEMO_CENTRE_ID),
            tempo=tempo,
            book=book,
            chance=random.Random(day.seed),  # noqa: S311 - a simulation
            kiosk=Member(Caller(api), signs_in(api, "kiosk")),
            closes=day.sessions[-1].closes,
        )
        desks = await desks_of(world, day.sessions)
        doors = DoorBook()
        failed = ""
        with Live(console=console, auto_refresh=False) as screen:
            try:
                await _live(
                    world,
                    expected,
                    desks,
                    _doors(stage, world, doors, day),
                    show=lambda: screen.update(_table(book, doors, day), refresh=True),
                )
            except* (StoryBroken, httpx.HTTPError) as broken:
                failed = "; ".join(str(reason) for reason in _each(broken))
        messages = len(await world.inbox.all())
    doors.custody = await hands_of_packages(stage)
    return {
        "ok": book.over and doors.over and doors.sound and not failed,
        "failed": failed,
        "day": day.date.isoformat(),
        "speed": tempo.rate,
        "load": day.load,
        **book.figures(),
        **doors.summary(),
        "refusals": dict(book.refused),
        "sms": messages,
        "urls": stage.urls,
    }


def _each(broken: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """What broke, without the groups around it."""
    for reason in broken.exceptions:
        if isinstance(reason, BaseExceptionGroup):
            yield from _each(reason)
        else:
            yield reason


async def _live(
    world: World,
    expected: Sequence[Visitor],
    desks: Sequence[Desk],
    doors: Coroutine[Any, Any, None],
    *,
    show: Callable[[], None],
) -> None:
    """Everybody at once; whatever breaks ends the day."""

    async def watch() -> None:
        while True:
            show()
            await asyncio.sleep(SHOWN_EVERY_S)  # a screen that is looked at

    live = world.tempo.live
    async with asyncio.TaskGroup() as day:
        watching = day.create_task(watch())
        busy = [
            day.create_task(live(citizen(world, visitor, f"+84{FIRST_PHONE + n}")))
            for n, visitor in enumerate(expected)
        ]
        busy += [day.create_task(live(desk.work())) for desk in desks]
        busy.append(day.create_task(doors))
        await asyncio.wait(busy)
        watching.cancel()
    show()


async def _doors(stage: Stage, world: World, doors: DoorBook, day: Day) -> None:
    """Those who ask for a courier, and the couriers; nobody when there are none."""
    windows = [at_local(day.date, hour) for hour in WINDOWS if at_local(day.date, hour + 2) <= world.closes]
    if not day.couriers or not windows:
        return
    client = MotcuaClient(stage.api, sample.PARTNER_CLIENT_ID, sample.PARTNER_CLIENT_SECRET)
    try:
        asking = households(windows, centre=CENTRE, couriers=day.couriers, seed=day.seed)
        doors.asked = len(asking)
        office = Office(
            world=world,
            book=doors,
            client=client,
            day=day.date,
            counter=Member(Caller(world.api), signs_in(world.api, "officer")),
            officer=next(name for kind, name, _ in accounts() if kind == "officer"),
            lead=Member(Caller(world.api), signs_in(world.api, "shift_lead")),
            couriers=[f"BT-{n:03d}" for n in range(1, day.couriers + 1)],
        )
        world.at_counter = Results(
            office,
            windows,
            CENTRE,
            random.Random(day.seed + 2),  # noqa: S311 - a simulation
            left=RESULTS_A_COURIER * day.couriers,
        )
        await day_of_couriers(office, asking, first_phone=FIRST_DOOR_PHONE, seed=day.seed)
    finally:
        await client.close()


def _table(book: Book, doors: DoorBook, day: Day) -> Table:
    """The day so far, as a shift lead would ask for it."""
    table = Table(title=f"{day.date:%d/%m/%Y} {local(current_time()):%H:%M}", box=None, show_header=False)
    shown = book.figures() | (doors.figures() if doors.asked else {})
    for name, value in shown.items():
        table.add_row(name.replace("_", " "), str(value))
    return table
