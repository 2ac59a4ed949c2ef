"""What is stored about acting for a business."""

from piccolo.columns import UUID, Date, Integer, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class BusinessDelegation(Table, db=DB, tablename="business_delegation"):
    """A citizen acts for a business from a day to a day (ủy quyền của doanh nghiệp).

    Either a centre saw the paper it cites (`centre_id`, `reference`), or a representative granted it.
    """

    id = UUID(primary_key=True, default=None)
    citizen_id = UUID(null=False, default=None)
    tax_code = Text(null=False, default=None)
    name = Text(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)
    reference = Text(null=False, default=None)
    centre_id = UUID(null=True, default=None)
    made_at = Timestamptz(null=False, default=None)
    role = Text(null=False, default="delegate")
    granted_by = UUID(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    revoked_because = Text(null=False, default="")
    version = Integer(null=False, default=1)
