"""What a partner agreed to and what it kept: figures with denominators, penalties from the contract."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.core.clock import at_local
from app.core.database import fetch_row
from app.core.errors import Invalid, Words
from app.home_service import service_levels
from app.home_service.levels import Levels, Share, levels
from app.rounds import contracts, penalties
from app.rounds.contracts import ContractRow
from app.rounds.penalties import Figure, Term

LONGEST_PERIOD: Final = timedelta(days=92)
# From the moment a partner had to know of something to its first taking it, at any of its endpoints; asked
# by endpoint and event, as deliveries are indexed.
WEBHOOKS: Final = """
SELECT coalesce(ceil(percentile_disc(0.95) WITHIN GROUP (ORDER BY
           greatest(extract(epoch FROM took.at - e.at), 0))), 0)::int, count(*)::int
  FROM partner_event e JOIN LATERAL (
        SELECT min(d.at) AS at FROM webhook_endpoint p JOIN webhook_delivery d ON d.endpoint_id = p.id
         WHERE p.partner_id = e.partner_id AND d.event_id = e.id
           AND d.outcome = 'delivered') took ON took.at IS NOT NULL
 WHERE e.partner_id = $1 AND e.at >= $2 AND e.at < $3
"""


class ServicePeriodNotValid(Invalid):
    code = "service_period_not_valid"
    detail = Words(
        "Khoảng thời gian phải có đầu trước cuối và tối đa 92 ngày.",
        "A period begins before it ends and has at most 92 days.",
    )


class Line(NamedTuple):
    """One figure: counted, agreed, and what it costs. Without a term nothing was agreed."""

    figure: Figure
    share: Share
    term: Term | None
    is_met: bool
    penalty_vnd: int


class Report(NamedTuple):
    """A partner's period. `contract` is the one that holds on its first day."""

    contract: ContractRow | None
    levels: Levels
    lines: Sequence[Line]

    @property
    def penalty_vnd(self) -> int:
        return sum(line.penalty_vnd for line in self.lines)


async def report(partner_id: uuid.UUID, *, first: date, last: date, now: datetime) -> Report:
    """The figures of whole local days, both included; raises `ServicePeriodNotValid`."""
    if not timedelta() <= last - first < LONGEST_PERIOD:
        raise ServicePeriodNotValid
    start, end = at_local(first, 0), at_local(last, 0) + timedelta(days=1)
    found = levels(await service_levels.visits_of(partner_id, start=start, end=end), now=now)
    shares: Mapping[Figure, Share] = {
        **found.shares,
        Figure.WEBHOOK_P95_S: await _webhook_p95(partner_id, start, end),
        Figure.OFFLINE_P95_S: await service_levels.offline_p95(partner_id, start=start, end=end),
    }
    contract = contracts.on(await contracts.of_partner(partner_id), first)
    terms = {term.figure: term for term in contracts.terms_of(contract)} if contract else {}
    return Report(contract, found, [_line(figure, shares[figure], terms.get(figure)) for figure in Figure])


def _line(figure: Figure, share: Share, term: Term | None) -> Line:
    if term is None:
        return Line(figure, share, None, is_met=True, penalty_vnd=0)
    value = penalties.value_of(figure, share.numerator, share.denominator)
    return Line(
        figure,
        share,
        term,
        is_met=penalties.is_met(term, value),
        penalty_vnd=penalties.penalty_vnd(term, value),
    )


async def _webhook_p95(partner_id: uuid.UUID, start: datetime, end: datetime) -> Share:
    row = await fetch_row(WEBHOOKS, partner_id, start, end)
    return Share(0, 0) if row is None else Share(*row)
