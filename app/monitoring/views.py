"""Figures as a program reads them: each with numerator, denominator, unit and moment."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from app.core.clock import local
from app.core.errors import Words
from app.monitoring.alarms import ACTION_WORDS, CAUSE_WORDS, KIND_WORDS, Action, Cause, Kind, Proposal
from app.monitoring.figures import Exceeded, Figures, Share, Spread, minutes
from app.monitoring.queries import AlarmRow, Indicators
from app.queue.rules import WAIT_TARGET

# What the counters, terms and pools of a centre are called, by id.
Names = Mapping[uuid.UUID, Words]


class ShareView(msgspec.Struct):
    """`value` is numerator ÷ denominator, and null where there is nothing to divide by."""

    numerator: int
    denominator: int
    value: float | None

    @classmethod
    def of(cls, share: Share) -> "ShareView":
        return cls(share.numerator, share.denominator, share.value)


class SpreadView(msgspec.Struct):
    """Minutes: half took at most p50, nineteen of twenty at most p95."""

    count: int
    p50_minutes: float | None
    p95_minutes: float | None
    longest_minutes: float | None

    @classmethod
    def of(cls, spread: Spread) -> "SpreadView":
        return cls(*spread)


class FiguresView(msgspec.Struct):
    """Of some visits. The wait counts from the agreed time, the delay from the door."""

    tickets: int
    waiting: int
    served: int
    within_target: ShareView
    abandoned: ShareView
    missed: ShareView
    wait: SpreadView
    delay: SpreadView

    @classmethod
    def of(cls, row: Figures) -> "FiguresView":
        return cls(
            tickets=row.tickets,
            waiting=row.waiting,
            served=row.served,
            within_target=ShareView.of(row.within_target),
            abandoned=ShareView.of(row.abandoned),
            missed=ShareView.of(row.missed),
            wait=SpreadView.of(row.wait),
            delay=SpreadView.of(row.delay),
        )


class ExceededView(msgspec.Struct):
    """A number that waited longer than the target, and why; no cause where nobody was looking."""

    ticket_id: uuid.UUID
    number: str
    pool_id: uuid.UUID
    ticket_class: str
    arrived_at: datetime
    waited_minutes: float
    left: bool
    cause: Cause | None
    cause_vi: str
    cause_en: str

    @classmethod
    def of(cls, row: Exceeded, cause: Cause | None) -> "ExceededView":
        why = CAUSE_WORDS[cause] if cause else Words("", "")
        return cls(
            ticket_id=row.ticket_id,
            number=row.number,
            pool_id=row.pool_id,
            ticket_class=row.ticket_class,
            arrived_at=local(row.arrived_at),
            waited_minutes=minutes(row.wait),
            left=row.left,
            cause=cause,
            cause_vi=why.vi,
            cause_en=why.en,
        )


class IndicatorsView(msgspec.Struct):
    """A centre's figures from the first to the last day, whole and by pool, class and hour of arrival."""

    centre_id: uuid.UUID
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    as_of: datetime
    target_minutes: int
    figures: FiguresView
    no_show: ShareView
    by_pool: dict[str, FiguresView]
    by_class: dict[str, FiguresView]
    by_hour: dict[str, FiguresView]
    exceeded: list[ExceededView]

    @classmethod
    def of(cls, row: Indicators) -> "IndicatorsView":
        return cls(
            centre_id=row.centre_id,
            first=row.first,
            last=row.last,
            as_of=local(row.as_of),
            target_minutes=int(WAIT_TARGET.total_seconds() // 60),
            figures=FiguresView.of(row.whole),
            no_show=ShareView.of(row.no_show),
            by_pool={str(key): FiguresView.of(value) for key, value in row.by_pool.items()},
            by_class={key: FiguresView.of(value) for key, value in row.by_class.items()},
            by_hour={str(key): FiguresView.of(value) for key, value in row.by_hour.items()},
            exceeded=[ExceededView.of(each, row.causes.get(each.ticket_id)) for each in row.exceeded],
        )


class ProposalView(msgspec.Struct):
    """Something to do about it; `subject` is the id of the counter, term or pool, null for none."""

    action: Action
    subject: uuid.UUID | None
    words_vi: str
    words_en: str

    @classmethod
    def of(cls, row: Proposal, names: Names) -> "ProposalView":
        said = ACTION_WORDS[Action(row.action)]
        name = names.get(row.subject) if row.subject else None
        called = name or Words("", "")
        return cls(
            action=Action(row.action),
            subject=row.subject,
            words_vi=said.vi.format(name=called.vi).strip(),
            words_en=said.en.format(name=called.en).strip(),
        )


class AlarmView(msgspec.Struct):
    """An alarm, in words and with what can be done; `cleared_at` is null while it stands."""

    id: uuid.UUID
    kind: Kind
    pool_id: uuid.UUID
    pool_vi: str
    pool_en: str
    ticket_id: uuid.UUID | None
    number: str | None
    minutes: float
    cause: Cause
    words_vi: str
    words_en: str
    proposals: list[ProposalView]
    raised_at: datetime
    cleared_at: datetime | None

    @classmethod
    def of(cls, row: AlarmRow, names: Names) -> "AlarmView":
        what, why = KIND_WORDS[Kind(row.kind)], CAUSE_WORDS[Cause(row.cause)]
        facts = {"number": row.number or "", "minutes": row.minutes}
        pool = names.get(row.pool_id, Words("", ""))
        return cls(
            id=row.id,
            kind=Kind(row.kind),
            pool_id=row.pool_id,
            pool_vi=pool.vi,
            pool_en=pool.en,
            ticket_id=row.ticket_id,
            number=row.number,
            minutes=row.minutes,
            cause=Cause(row.cause),
            words_vi=f"{what.vi.format(**facts)} {why.vi}",
            words_en=f"{what.en.format(**facts)} {why.en}",
            proposals=[ProposalView.of(each, names) for each in row.proposals],
            raised_at=local(row.raised_at),
            cleared_at=local(row.cleared_at) if row.cleared_at else None,
        )


class AlarmList(msgspec.Struct):
    """Newest first."""

    as_of: datetime
    items: list[AlarmView]
