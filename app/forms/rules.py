"""Which form fits which dossier, and who carries it (pure)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.dossiers.states import Move
from app.forms.editions import Form

# Forms that tell a decision, the last of its kind; the others tell of a dossier that was accepted.
DECISIONS: Final[Mapping[Form, Move]] = MappingProxyType(
    {
        Form.SUPPLEMENT_REQUEST: Move.REQUEST_SUPPLEMENT,
        Form.REFUSAL: Move.REFUSE,
        Form.APOLOGY: Move.EXTEND,
        Form.STOP_NOTICE: Move.STOP,
    }
)
# Decided, and so signed, by the centre that is competent; everything else by the one that receives.
OF_COMPETENT_CENTRE: Final = frozenset({Form.APOLOGY, Form.STOP_NOTICE})


def carried_by_courier(*, channel: str, return_mode: str) -> bool:
    """Papers that came by courier, or whose result goes by one, are in other hands on the way."""
    return channel == "postal" or return_mode == "home"
