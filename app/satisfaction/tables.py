"""What is stored about satisfaction."""

from piccolo.columns import UUID, Array, Date, SmallInt, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class SurveyAnswer(Table, db=DB, tablename="survey_answer"):
    """One answer (phiếu khảo sát) with what it is about, as it was when it was served."""

    id = UUID(primary_key=True, default=None)
    subject_kind = Text(null=False, default=None)
    subject_id = UUID(null=False, default=None)
    centre_id = UUID(null=False, default=None)
    served_on = Date(null=False, default=None)
    procedure_codes = Array(base_column=Text(), null=False, default=None)
    total_time = SmallInt(null=False, default=None)
    unit_times = SmallInt(null=False, default=None)
    contacts = SmallInt(null=False, default=None)
    agencies = SmallInt(null=False, default=None)
    organisation = SmallInt(null=False, default=None)
    publicity = SmallInt(null=False, default=None)
    attitude = SmallInt(null=False, default=None)
    complaints = SmallInt(null=False, default=None)
    online = SmallInt(null=False, default=None)
    convenience = Text(null=False, default=None)
    overall = Text(null=False, default=None)
    comment = Text(null=True, default=None)
    locale = Text(null=False, default=None)
    answered_at = Timestamptz(null=False, default=None)
