"""Which form fits which dossier, and who carries it (pure)."""

from app.dossiers.states import Status

# Before it is accepted a dossier has no number in the register and nobody has promised anything.
NOT_TAKEN: frozenset[Status] = frozenset({Status.NEW, Status.NOT_ACCEPTED})


def was_accepted(status: Status) -> bool:
    """Forms 01, 06 and 07 speak of a dossier that was taken."""
    return status not in NOT_TAKEN


def carried_by_courier(*, channel: str, return_mode: str) -> bool:
    """Papers that came by courier, or whose result goes by one, are in other hands on the way."""
    return channel == "postal" or return_mode == "home"
