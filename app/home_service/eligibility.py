"""May this be done at a door? From the catalogue, with the reason people are told (pure)."""

from app.core.errors import Refusal
from app.home_service.errors import NotAtHome, Paperless, PresenceRequired
from app.home_service.states import Kind
from app.procedures.queries import ProcedureRow
from app.procedures.rules import WHY_AT_THE_COUNTER, IntakeMode


def why_not_at_home(kind: Kind, procedure: ProcedureRow) -> Refusal | None:
    """The refusal a visit for this procedure meets, or None when a courier may come."""
    if kind is Kind.DELIVERY:
        return None if procedure.home_delivery else NotAtHome(procedure=procedure.code)
    if kind is Kind.ASSISTED_ONLINE:
        helps = IntakeMode.HOME_ASSISTED_ONLINE in procedure.intake_modes
        return None if helps else NotAtHome(procedure=procedure.code)
    if procedure.home_collection:
        return None
    if IntakeMode.HOME_ASSISTED_ONLINE in procedure.intake_modes:
        return Paperless(procedure=procedure.code, offer="assisted_online")
    if procedure.presence_required:
        because = WHY_AT_THE_COUNTER[procedure.presence]
        return PresenceRequired(
            procedure=procedure.code,
            presence=procedure.presence.value,
            because_vi=because.vi,
            because_en=because.en,
        )
    return NotAtHome(procedure=procedure.code)
