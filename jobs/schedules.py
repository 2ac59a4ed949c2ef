"""What happens by the clock. Each tick may run twice or late; each piece of work bears both.

arq keeps the time because it is good at that; nothing here is owed to anybody, so a lost Redis only
delays a sweep, and every sweep is also done by whoever needs its result.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import time, timedelta
from functools import wraps
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import structlog
from arq import cron
from arq.connections import RedisSettings
from arq.worker import Worker

from app.appointments.operations import (
    expire_holds,
    miss_overdue,
    offer_everywhere,
    pass_offers_on,
    publish_from_templates,
    remind_due,
    spare_floor_online,
    unsold_to_walkins,
    withdraw_overdue,
)
from app.audit.operations import seal_what_is_written
from app.core import sandbox
from app.core.clock import current_time, local_date
from app.custody.operations import sign_head
from app.documents import rules as documents
from app.documents import uploads
from app.documents.sweeping import sweep_store
from app.dossiers.operations import remove_expired_papers, warn_of_due
from app.home_service.operations import (
    call_for_ended_holds,
    close_ended_rounds,
    follow_run,
    publish_due,
    retry_waiting,
    runs_to_follow,
    visits_to_retry,
)
from app.home_service.rules import KEPT_WAITING
from app.monitoring.operations import watch
from app.monitoring.state_of_halls import busy_centres
from app.payments.operations import check_day, days_to_check
from app.queue import day
from app.queue.errors import DayNotOver, StillServing
from app.queue.operations import close_day, days_to_learn, give_up_late_returns, learn_day
from app.queue.queries import walkins_on
from app.rounds.optimising import CPU_SECONDS_LONG, PATIENCE
from jobs import work
from jobs.forgetting import PAST_THEIR_TIME, forget
from jobs.planner import Planner
from jobs.roads import learn_travel
from jobs.ticks import ended_well, once_a_night

log: Final = structlog.get_logger(__name__)

EVERY_TEN_MINUTES: Final = set(range(0, 60, 10))
EVERY_FIVE_SECONDS: Final = set(range(0, 60, 5))
EVERY_FIFTEEN_SECONDS: Final = {0, 15, 30, 45}
EVERY_FIVE_MINUTES: Final = set(range(0, 60, 5))
# Days of centres per tick: within the time of a job, and a province's night is learned in half an hour.
LEARNED_AT_ONCE: Final = 25
CHECKED_AT_ONCE: Final = 100
# Batches of warnings per tick: within the time of a job, the rest comes with the next.
WARNED_AT_ONCE: Final = 10
# Batches of reminders per tick: two thousand a minute, a province has as many in an hour.
REMINDED_AT_ONCE: Final = 10
# Batches of five thousand rows of the outbox (a hundred thousand an hour, a province makes six), of each
# table of records, and of two hundred uploads.
REMOVED_PER_TICK: Final = 20
JOB_TIMEOUT_S: Final = 30
# Documents per transaction, and how long a province's store may take to be looked through.
REMOVED_AT_ONCE: Final = 200
SWEEP_TIMEOUT_S: Final = 3600
# A search is told in CPU seconds, and waits for a processor behind everything else.
SEARCH_TIMEOUT_S: Final = PATIENCE * CPU_SECONDS_LONG


async def sweep_holds(_context: dict[Any, Any]) -> None:
    """Give expired holds back; booking does the same for the slots it wants."""
    await expire_holds(now=current_time())


async def pass_offers_to_the_next(_context: dict[Any, Any]) -> None:
    """End offers nobody confirmed; the fact of it brings the place to the next who waits."""
    await pass_offers_on(now=current_time())


async def offer_what_is_free(_context: dict[Any, Any]) -> None:
    """Find for those who wait what no fact told of: the morning after a quiet night, places released."""
    await offer_everywhere(now=current_time())


async def miss_overdue_appointments(_context: dict[Any, Any]) -> None:
    """Whoever did not come within the window gives the place's rest to those who wait."""
    await miss_overdue(now=current_time())
    await withdraw_overdue(now=current_time())


async def share_what_is_unsold(_context: dict[Any, Any]) -> None:
    """Online places nobody took go to walk-ins shortly before."""
    await unsold_to_walkins(now=current_time())


async def share_what_is_spare(_context: dict[Any, Any]) -> None:
    """Places walk-ins will not need later today can be booked."""
    now = current_time()
    await spare_floor_online(came=await walkins_on(local_date(now)), now=now)


async def open_from_templates(_context: dict[Any, Any]) -> None:
    """Days that have come into a centre's horizon get the openings of its templates."""
    await publish_from_templates(now=current_time())


async def close_days(_context: dict[Any, Any]) -> None:
    """After a centre's last opening nobody is left waiting; a day that is not over says so and stays."""
    now = current_time()
    for centre_id, date in await day.not_closed(now=now):
        with suppress(DayNotOver, StillServing):
            await close_day(centre_id=centre_id, day=date, now=now)


async def give_up_returns(_context: dict[Any, Any]) -> None:
    """Places kept for people who did not come back in time are free again."""
    await give_up_late_returns(now=current_time())


async def watch_halls(_context: dict[Any, Any]) -> None:
    """Say where somebody waits too long, and take it back where nobody does any more."""
    for centre_id in await busy_centres(now=current_time()):
        await watch(centre_id=centre_id, now=current_time())


async def sign_chains(_context: dict[Any, Any]) -> None:
    """Sign how far every chain of custody was when yesterday ended; a day has one head."""
    await sign_head(now=current_time())


async def seal_journal(_context: dict[Any, Any]) -> None:
    """Seal the journal's lines of the last minute; what a minute missed is in the next one's seal."""
    await seal_what_is_written(now=current_time())


async def warn_of_promises(_context: dict[Any, Any]) -> None:
    """Officers and leaders are warned before a promised date, apologies are drafted on it; once each, and
    whatever an outage left out is caught up.
    """
    now = current_time()
    for _ in range(WARNED_AT_ONCE):
        if not await warn_of_due(now=now):
            return


async def remind_people(_context: dict[Any, Any]) -> None:
    """Whoever confirmed a while ago is reminded; once, and what an outage left out is caught up while it is
    of use.
    """
    now = current_time()
    for _ in range(REMINDED_AT_ONCE):
        if not await remind_due(now=now):
            return


async def retry_reports(_context: dict[Any, Any]) -> None:
    """A supervisor is called for reports that waited 72 hours, and for results kept long enough."""
    now = current_time()
    await call_for_ended_holds(now=now)
    for visit_id in await visits_to_retry(partner_id=None, received_before=now - KEPT_WAITING):
        await retry_waiting(home_visit_id=visit_id, now=now)


async def check_settlements(_context: dict[Any, Any]) -> None:
    """Every night: which ended days of a partner's money do not balance, and why is there to be read."""
    now = current_time()
    for partner_id, date in await days_to_check(now=now, at_most=CHECKED_AT_ONCE):
        found = await check_day(partner_id=partner_id, day=date, now=now)
        if not found.is_balanced:
            log.warning(
                "settlement_unbalanced", partner=str(partner_id), day=str(date), reasons=len(found.reasons)
            )


async def tell_rounds(_context: dict[Any, Any]) -> None:
    """Rounds whose block begins soon are told: couriers get their tasks, citizens a name."""
    await publish_due(now=current_time())


async def follow_couriers(_context: dict[Any, Any]) -> None:
    """Rounds that are not as everybody was told: times follow, promises that break go elsewhere."""
    now = current_time()
    for duty_id in await runs_to_follow(now=now):
        await follow_run(duty_id=duty_id, now=now)


async def end_rounds(_context: dict[Any, Any]) -> None:
    """Rounds whose block is over are closed; visits left open are named to a supervisor."""
    await close_ended_rounds(now=current_time())


async def sweep_outbox(_context: dict[Any, Any]) -> None:
    """Close what ran out of time."""
    await work.sweep()


async def remove_old_work(_context: dict[Any, Any]) -> None:
    """What the outbox did long ago goes, batch by batch; what is left comes with the next hour."""
    for _ in range(REMOVED_PER_TICK):
        if not await work.remove_old():
            return


async def forget_records(_context: dict[Any, Any]) -> None:
    """Drop records past their time, batch by batch; what is left comes with the next hour."""
    for which in PAST_THEIR_TIME:
        for _ in range(REMOVED_PER_TICK):
            if not await forget(which):
                break


async def forget_uploads(_context: dict[Any, Any]) -> None:
    """Drop uploads in parts that nobody went on with, batch by batch."""
    now = current_time()
    for _ in range(REMOVED_PER_TICK):
        if not await uploads.forget_older_than(moment=now - documents.UPLOADS_KEPT, now=now):
            return


async def remove_what_is_past_its_term(_context: dict[Any, Any]) -> None:
    """Documents nothing refers to, then contents nothing names. A night left out is caught up."""
    now = current_time()
    while await remove_expired_papers(at_most=REMOVED_AT_ONCE, now=now):
        pass
    swept = await sweep_store(now=now)
    log.info("documents_swept", kept=swept.kept, unnamed=swept.unnamed, taken_out=swept.taken_out)


async def learn_from_days(_context: dict[Any, Any]) -> None:
    """Every night, and after a night nobody worked: durations, shows, calibration and advice by centre."""
    now = current_time()
    for centre_id, date in await days_to_learn(now=now, at_most=LEARNED_AT_ONCE):
        await learn_day(centre_id=centre_id, day=date, now=now)


async def search_days(context: dict[Any, Any]) -> None:
    """Look for shorter rounds where enough was promised, before a block is told, and at night."""
    await context["planner"].work_once(now=current_time())


async def learn_the_roads(context: dict[Any, Any]) -> None:
    """Once a night, before the day's couriers set out: how long their ways take."""
    await learn_travel(roads_url=context["roads_url"], now=current_time())


# Two in the morning in Việt Nam; before couriers set out it is too late.
ROADS: Final = once_a_night(
    learn_the_roads,
    name="roads",
    at=time(2, 15),
    within=timedelta(hours=3),
    lasts=timedelta(seconds=2 * JOB_TIMEOUT_S),
)
REMOVAL: Final = once_a_night(
    remove_what_is_past_its_term,
    name="terms",
    at=time(2, 40),
    within=timedelta(hours=3),
    lasts=timedelta(seconds=2 * SWEEP_TIMEOUT_S),
)


def _job(function: Callable[[dict[Any, Any]], Awaitable[None]]) -> Any:
    """In the deployment's time, and written down when it ended well. arq's protocol asks for arbitrary
    further arguments, which a schedule never passes.
    """

    @wraps(function)
    async def run(context: dict[Any, Any]) -> None:
        await sandbox.follow()
        await function(context)
        await ended_well(function.__name__)

    return run


def _serialise(value: dict[str, Any]) -> bytes:
    """msgpack in place of pickle: whoever can write to Redis must not run code here."""
    return msgspec.msgpack.encode(value, enc_hook=repr)


def make_worker(redis_url: str, planner: Planner, roads_url: str | None = None) -> Worker:
    """An arq worker that keeps no results, retries nothing and owns no truth."""
    return Worker(
        ctx={"planner": planner, "roads_url": roads_url},
        functions=[],
        cron_jobs=[
            cron(_job(sweep_holds), second=EVERY_FIVE_SECONDS),
            cron(_job(pass_offers_to_the_next), second=EVERY_FIVE_SECONDS),
            cron(_job(offer_what_is_free), second={40}),
            cron(_job(miss_overdue_appointments), second={20}),
            cron(_job(close_days), second={40}),
            cron(_job(give_up_returns), second={10}),
            cron(_job(share_what_is_unsold), second={50}),
            cron(_job(share_what_is_spare), minute=EVERY_TEN_MINUTES, second={55}),
            cron(_job(open_from_templates), minute=EVERY_TEN_MINUTES, second={5}),
            cron(_job(watch_halls), second=EVERY_FIFTEEN_SECONDS),
            cron(_job(sign_chains), minute=EVERY_TEN_MINUTES, second={25}),
            cron(_job(seal_journal), second={30}),
            cron(_job(warn_of_promises), minute=EVERY_TEN_MINUTES, second={5}),
            cron(_job(remind_people), second={45}),
            cron(_job(retry_reports), minute=EVERY_TEN_MINUTES, second={35}),
            cron(_job(check_settlements), minute=EVERY_FIVE_MINUTES, second={45}),
            cron(_job(tell_rounds), second={35}),
            cron(_job(follow_couriers), second={25}),
            cron(_job(end_rounds), second={15}),
            cron(_job(sweep_outbox), second=EVERY_FIFTEEN_SECONDS),
            cron(_job(remove_old_work), minute={37}, second={0}),
            cron(_job(forget_records), minute={7}, second={0}),
            cron(_job(forget_uploads), minute={11}, second={0}),
            cron(_job(search_days), second=EVERY_FIFTEEN_SECONDS, timeout=SEARCH_TIMEOUT_S),
            cron(_job(REMOVAL), minute=EVERY_FIVE_MINUTES, second={0}, timeout=SWEEP_TIMEOUT_S),
            cron(_job(ROADS), minute=EVERY_FIVE_MINUTES, second={20}),
            cron(_job(learn_from_days), minute=EVERY_FIVE_MINUTES, second={30}),
        ],
        redis_settings=redis_settings(redis_url),
        handle_signals=False,
        keep_result=0,
        max_tries=1,
        job_timeout=JOB_TIMEOUT_S,
        health_check_interval=10,
        job_serializer=_serialise,
        job_deserializer=msgspec.msgpack.decode,
    )


def redis_settings(url: str) -> RedisSettings:
    if urlsplit(url).scheme == "unix":
        parts = urlsplit(url)
        return RedisSettings(unix_socket_path=parts.path, password=parts.password)
    return RedisSettings.from_dsn(url)
