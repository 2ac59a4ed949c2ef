"""What is stored about what the portal was told."""

from piccolo.columns import UUID, Bytea, Integer, SmallInt, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class PortalDossier(Table, db=DB, tablename="portal_dossier"):
    """A dossier the portal is told of. `held_by` tells it now, until its lease is over."""

    dossier_id = UUID(primary_key=True, default=None)
    number = Text(null=False, default=None)
    told_steps = Integer(null=False, default=0)
    record_mac = Bytea(null=True, default=None)
    tries = Integer(null=False, default=0)
    refusals = Integer(null=False, default=0)
    held_by = UUID(null=True, default=None)
    held_until = Timestamptz(null=True, default=None)


class PortalStep(Table, db=DB, tablename="portal_step"):
    """One step of a timeline the portal has; `told_at` less `happened_at` is the lag."""

    dossier_id = UUID(primary_key=True, default=None)
    step = Integer(null=False, default=None)
    status = SmallInt(null=False, default=None)
    happened_at = Timestamptz(null=False, default=None)
    told_at = Timestamptz(null=False, default=None)


class PortalConflict(Table, db=DB, tablename="portal_conflict"):
    """The portal says another state, or refuses what it is told."""

    id = UUID(primary_key=True, default=None)
    dossier_id = UUID(null=False, default=None)
    number = Text(null=False, default=None)
    kind = Text(null=False, default=None)
    ours = SmallInt(null=False, default=None)
    theirs = SmallInt(null=True, default=None)
    error_code = Text(null=False, default=None)
    seen_at = Timestamptz(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)
    closed_because = Text(null=False, default="")
