"""What other concepts join when somebody acts for a business."""

import uuid
from datetime import date
from typing import Final

from app.businesses.errors import BusinessNotFound
from app.businesses.queries import CURRENT
from app.businesses.rules import Role
from app.core.database import in_transaction

ACTING: Final = f"""
SELECT d.name FROM business_delegation d
 WHERE d.citizen_id = $1 AND d.tax_code = $2 AND ($4::text IS NULL OR d.role = $4)
   AND {CURRENT.format(on="$3")} FOR SHARE
"""


async def act_for(tax_code: str, *, citizen_id: uuid.UUID, on: date, role: Role | None = None) -> str:
    """The name of the business somebody acts for on this day, or `BusinessNotFound`.

    The delegation stays share-locked: a revocation waits for this transaction, and whoever waited here for
    a revocation is refused, because PostgreSQL asks the condition again of the row it waited for.
    """
    name: str | None = await in_transaction().fetchval(
        ACTING, citizen_id, tax_code, on, None if role is None else role.value
    )
    if name is None:
        raise BusinessNotFound
    return name
