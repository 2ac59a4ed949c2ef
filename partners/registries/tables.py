"""What is stored about questions to registries."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class RegistryCheck(Table, db=DB, tablename="registry_check"):
    """One question a dossier's intake raised: owed until it has a verdict."""

    dossier_id = UUID(primary_key=True, default=None)
    registry = Text(null=False, default=None)
    purpose = Text(null=False, default=None)
    verdict = Text(null=True, default=None)
    owed_at = Timestamptz(null=False, default=None)
    answered_at = Timestamptz(null=True, default=None)
    tries = Integer(null=False, default=0)
