"""What is stored about changes of the calendar."""

from piccolo.columns import JSONB, UUID, Date, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class CalendarProposal(Table, db=DB, tablename="calendar_proposal"):
    """A day off or a day worked, proposed by one person and confirmed by another."""

    id = UUID(primary_key=True, default=None)
    day = Date(null=False, default=None)
    kind = Text(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    stands_for = Date(null=True, default=None)
    reference = Text(null=False, default=None)
    orphans = Text(null=False, default=None)
    impact = JSONB(null=False, default=None)
    state = Text(null=False, default=None)
    proposed_by = UUID(null=False, default=None)
    confirmed_by = UUID(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)


class CalendarEffect(Table, db=DB, tablename="calendar_effect"):
    """What a confirmed day did at one centre. Keyed by both."""

    proposal_id = ForeignKey(
        CalendarProposal, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    centre_id = UUID(null=False, default=None)
    openings = Integer(null=False, default=None)
    outcome = JSONB(null=True, default=None)
