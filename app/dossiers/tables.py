"""What is stored about dossiers."""

from piccolo.columns import (
    UUID,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class Dossier(Table, db=DB, tablename="dossier"):
    """One dossier (hồ sơ). The applicant's personal number is sealed and found by a keyed index."""

    id = UUID(primary_key=True, default=None)
    number = Text(null=False, default=None, unique=True)
    centre_id = UUID(null=False, default=None)
    procedure_code = Text(null=False, default=None)
    citizen_id = UUID(null=True, default=None)
    applicant_name = Text(null=False, default=None)
    applicant_phone = Text(null=True, default=None)
    locale = Text(null=False, default=None)
    citizen_no_sealed = Bytea(null=True, default=None)
    citizen_no_index = Bytea(null=True, default=None)
    channel = Text(null=False, default=None)
    ticket_id = UUID(null=True, default=None)
    package_id = UUID(null=True, default=None)
    return_mode = Text(null=False, default=None)
    status = SmallInt(null=False, default=None)
    accepted_at = Timestamptz(null=False, default=None)
    due_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)
    returned_at = Timestamptz(null=True, default=None)
    result_document_id = UUID(null=True, default=None)
    version = Integer(null=False, default=1)
    ended_at = Timestamptz(null=True, default=None)
    supplement_count = SmallInt(null=False, default=0)
    extension_count = SmallInt(null=False, default=0)
    competent_centre_id = UUID(null=True, default=None)
    tax_code = Text(null=True, default=None)


class DossierResidence(Table, db=DB, tablename="dossier_residence"):
    """The commune of a dossier as it was on its day, and which one it is since, once somebody answered."""

    dossier_id = ForeignKey(
        Dossier, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    unit_id = UUID(null=False, default=None)
    address = Text(null=False, default="")
    current_unit_id = UUID(null=True, default=None)
    answered_at = Timestamptz(null=True, default=None)
    answered_by = Text(null=True, default=None)


class DossierComponent(Table, db=DB, tablename="dossier_component"):
    """One paper handed in (thành phần hồ sơ): how many, its scan, and whether it was there already.

    `reuse` as exchanged: 0 no, 1 from another dossier's component, 2 from a result.
    """

    dossier_id = ForeignKey(Dossier, null=False, default=None, on_delete=OnDelete.restrict)
    component = SmallInt(primary_key=True, default=None)
    originals = SmallInt(null=False, default=None)
    certified_copies = SmallInt(null=False, default=None)
    copies = SmallInt(null=False, default=None)
    document_id = UUID(null=True, default=None)
    reuse = SmallInt(null=False, default=0)
    from_national_store = Boolean(null=False, default=False)
    result_code = Text(null=True, default=None)


class DossierEvent(Table, db=DB, tablename="dossier_event"):
    """One change of status; the timeline a citizen reads."""

    id = UUID(primary_key=True, default=None)
    dossier_id = ForeignKey(Dossier, null=False, default=None, on_delete=OnDelete.restrict)
    status = SmallInt(null=False, default=None)
    at = Timestamptz(null=False, default=None)
    actor_kind = Text(null=False, default=None)
    actor_id = Text(null=False, default=None)


class DossierDecision(Table, db=DB, tablename="dossier_decision"):
    """What an officer decided and why (lý do): the words stand here, never in a fact or a log."""

    id = UUID(primary_key=True, default=None)
    dossier_id = ForeignKey(Dossier, null=False, default=None, on_delete=OnDelete.restrict)
    move = Text(null=False, default=None)
    from_status = SmallInt(null=False, default=None)
    to_status = SmallInt(null=False, default=None)
    reason = Text(null=False, default=None)
    apology = Text(null=True, default=None)
    counts_as_late = Boolean(null=False, default=False)
    previous_due_at = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    at = Timestamptz(null=False, default=None)
    actor_id = Text(null=False, default=None)


class DossierPause(Table, db=DB, tablename="dossier_pause"):
    """A time a dossier waits for its applicant, and the promised dates before and after it."""

    id = UUID(primary_key=True, default=None)
    dossier_id = ForeignKey(Dossier, null=False, default=None, on_delete=OnDelete.restrict)
    status = SmallInt(null=False, default=None)
    from_status = SmallInt(null=False, default=None)
    stops_clock = Boolean(null=False, default=None)
    began_at = Timestamptz(null=False, default=None)
    ended_at = Timestamptz(null=True, default=None)
    previous_due_at = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)


class DossierWarning(Table, db=DB, tablename="dossier_warning"):
    """Who was warned of which promised date."""

    dossier_id = ForeignKey(Dossier, null=False, default=None, on_delete=OnDelete.restrict)
    due_at = Timestamptz(null=False, default=None)
    level = Text(primary_key=True, default=None)
    at = Timestamptz(null=False, default=None)


class DossierApologyDraft(Table, db=DB, tablename="dossier_apology_draft"):
    """Form 04 (phiếu xin lỗi và hẹn lại) as it waits for its reason and a signature."""

    dossier_id = ForeignKey(Dossier, null=False, default=None, on_delete=OnDelete.restrict)
    due_at = Timestamptz(primary_key=True, default=None)
    proposed_due_at = Timestamptz(null=False, default=None)
    reason = Text(null=False, default=None)
    state = Text(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    sent_at = Timestamptz(null=True, default=None)


class DossierSeries(Table, db=DB, tablename="dossier_series"):
    """The last number given by an agency on a local day: one row, locked while it counts."""

    agency = Text(primary_key=True, default=None)
    local_date = Date(null=False, default=None)
    last_no = Integer(null=False, default=None)
