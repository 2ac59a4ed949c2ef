"""What each report says, read before it is used: a device can send anything."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec

from app.custody import s10
from app.custody.steps import Paper
from app.home_service.states import Kind, Report
from app.payments.rules import MOST_VND, RECEIPT, Purse

Seal = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9\-]{2,39}$")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Papers = Annotated[list[Paper], msgspec.Meta(max_length=50)]


class Counted(msgspec.Struct):
    papers: Papers


class SealedAtDoor(msgspec.Struct):
    seal: Seal
    papers: Papers | None = None


class SealedAtCounter(msgspec.Struct):
    """The officer who gives the result and the courier who takes it: two parties."""

    seal: Seal
    officer: Word
    papers: Papers | None = None


class ReachedHub(msgspec.Struct):
    hub: Word
    seal_state: Literal["intact", "broken"] = "intact"


class Given(msgspec.Struct):
    reason: Word


class FeeCollected(msgspec.Struct):
    """What was taken at the door, in đồng, from which purse, with which receipt; or the group whose paper
    was shown, because of which nothing is taken.
    """

    amount: Annotated[int, msgspec.Meta(ge=0, le=MOST_VND)]
    kind: Purse | msgspec.UnsetType = msgspec.UNSET
    receipt: Annotated[str, msgspec.Meta(pattern=RECEIPT)] | msgspec.UnsetType = msgspec.UNSET
    payer: Word | msgspec.UnsetType = msgspec.UNSET
    waiver: Word | msgspec.UnsetType = msgspec.UNSET


class Delivered(msgspec.Struct):
    """`code` is the citizen's; without it a named authorisation."""

    receiver: Word
    code: Any = None
    authorisation: Annotated[str, msgspec.Meta(max_length=60, pattern=r"\S")] | msgspec.UnsetType = (
        msgspec.UNSET
    )


FACTS: Final[Mapping[tuple[Kind, Report], type[msgspec.Struct]]] = MappingProxyType(
    {
        (Kind.COLLECTION, Report.COUNTED): Counted,
        (Kind.COLLECTION, Report.SEALED): SealedAtDoor,
        (Kind.COLLECTION, Report.REACHED_HUB): ReachedHub,
        (Kind.COLLECTION, Report.FAILED): Given,
        (Kind.COLLECTION, Report.FEE_COLLECTED): FeeCollected,
        (Kind.DELIVERY, Report.FEE_COLLECTED): FeeCollected,
        (Kind.DELIVERY, Report.SEALED): SealedAtCounter,
        (Kind.DELIVERY, Report.ATTEMPT_FAILED): Given,
        (Kind.DELIVERY, Report.DELIVERED): Delivered,
    }
)


def fault(kind: Kind, report: Report, data: Mapping[str, Any]) -> str | None:
    """Why the facts of a report cannot be used, as a stable code, or None when they can."""
    expected = FACTS.get((kind, report))
    if expected is None:
        return None
    missing = [
        name
        for name, field in zip(expected.__struct_fields__, msgspec.structs.fields(expected), strict=True)
        if field.required and name not in data
    ]
    if report is Report.FEE_COLLECTED and data.get("amount"):
        # Money that was taken is of one purse, and somebody holds a receipt for it.
        missing += [name for name in ("kind", "receipt") if name not in data]
    if missing:
        return f"missing_fact: {', '.join(missing)}"
    try:
        msgspec.convert(dict(data), expected, strict=True)
    except msgspec.ValidationError:
        return "invalid_fact"
    # An item number of the post is typed off a label: a slip of the finger would seal another bag.
    if report is Report.SEALED and s10.is_mistyped(str(data["seal"])):
        return "wrong_check_digit"
    return None
