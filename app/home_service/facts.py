"""What each report says, read before it is used: a device can send anything."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec

from app.custody import s10
from app.custody.papers import Paper
from app.home_service import states
from app.home_service.states import Kind, Reason, Report
from app.payments.rules import Purse
from app.payments.views import ReceiptNumber, Vnd

Seal = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9\-]{2,39}$")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Papers = Annotated[list[Paper], msgspec.Meta(max_length=50)]
Place = Annotated[int, msgspec.Meta(ge=1, le=50)]
# A number somebody wrote on a paper of authorisation (UQ-2026-17), or the id of its scan: never any text.
Authorisation = Annotated[
    str, msgspec.Meta(pattern=r"^(?=.*[0-9])[A-Za-z0-9ĐđƯư][A-Za-z0-9ĐđƯư./ \-]{2,39}$")
]
# Who may take something in the citizen's place, as couriers write it.
RELATIONS: Final = frozenset(
    {
        "spouse", "husband", "wife", "parent", "father", "mother", "child", "son", "daughter", "sibling",
        "sister", "brother", "grandparent", "grandchild", "relative", "household_member", "neighbour",
        "colleague", "representative",
    }
)  # fmt: skip


class Counted(msgspec.Struct):
    """`missing` names papers of the published list that are not there, beside what the count tells."""

    papers: Papers
    missing: Annotated[list[Place], msgspec.Meta(max_length=50)] = []


class SealedAtDoor(msgspec.Struct):
    """`partial`: papers are missing, and the citizen hands in what there is. `item`: the post's number."""

    seal: Seal
    papers: Papers | None = None
    partial: bool = False
    item: Seal | None = None


class SealedAtCounter(msgspec.Struct):
    """The officer who gives the result and the courier who takes it: two parties."""

    seal: Seal
    officer: Word
    papers: Papers | None = None
    item: Seal | None = None


class ReachedHub(msgspec.Struct):
    hub: Word
    seal_state: Literal["intact", "broken"] = "intact"


class Given(msgspec.Struct):
    """`reason` is one of `Reason`."""

    reason: Word


class FeeCollected(msgspec.Struct):
    """What was taken at the door, in đồng, from which purse, with which receipt; or the group whose paper
    was shown, because of which nothing is taken. `spoiled`: receipts that came to nothing while writing it.
    """

    amount: Vnd
    kind: Purse | msgspec.UnsetType = msgspec.UNSET
    receipt: ReceiptNumber | msgspec.UnsetType = msgspec.UNSET
    spoiled: Annotated[list[ReceiptNumber], msgspec.Meta(max_length=20)] = []
    payer: Word | msgspec.UnsetType = msgspec.UNSET
    waiver: Word | msgspec.UnsetType = msgspec.UNSET


class Delivered(msgspec.Struct):
    """`code` is the citizen's. Without it an `authorisation`: the number of the paper, or the id of its
    scan of this visit; `relation` says what the receiver is to the citizen.
    """

    receiver: Word
    code: Any = None
    authorisation: Authorisation | msgspec.UnsetType = msgspec.UNSET
    relation: Word | msgspec.UnsetType = msgspec.UNSET


class GivenBack(msgspec.Struct):
    """Papers are with their citizen again: by the citizen's code, or as a result is delivered."""

    code: Any = None
    receiver: Word | msgspec.UnsetType = msgspec.UNSET
    authorisation: Authorisation | msgspec.UnsetType = msgspec.UNSET
    relation: Word | msgspec.UnsetType = msgspec.UNSET


class Submitted(msgspec.Struct):
    """The number the portal gave for what was submitted online."""

    submission: Word


FACTS: Final[Mapping[tuple[Kind, Report], type[msgspec.Struct]]] = MappingProxyType(
    {
        (Kind.COLLECTION, Report.COUNTED): Counted,
        (Kind.COLLECTION, Report.SEALED): SealedAtDoor,
        (Kind.COLLECTION, Report.REACHED_HUB): ReachedHub,
        (Kind.COLLECTION, Report.RETURNED): GivenBack,
        (Kind.COLLECTION, Report.FAILED): Given,
        (Kind.COLLECTION, Report.FEE_COLLECTED): FeeCollected,
        (Kind.DELIVERY, Report.FEE_COLLECTED): FeeCollected,
        (Kind.ASSISTED_ONLINE, Report.FEE_COLLECTED): FeeCollected,
        (Kind.ASSISTED_ONLINE, Report.FAILED): Given,
        (Kind.ASSISTED_ONLINE, Report.HANDED_OVER): Submitted,
        (Kind.DELIVERY, Report.REACHED_HUB): ReachedHub,
        (Kind.DELIVERY, Report.SEALED): SealedAtCounter,
        (Kind.DELIVERY, Report.ATTEMPT_FAILED): Given,
        (Kind.DELIVERY, Report.DELIVERED): Delivered,
    }
)


def fault(kind: Kind, report: Report, data: Mapping[str, Any]) -> str | None:
    """Why the facts of a report cannot be used, as a stable code, or None when they can."""
    if not states.is_ever_reported(kind, report):
        # Whoever helps to submit online takes nothing along, and no seal is ever made of it.
        return "no_papers_taken" if kind is Kind.ASSISTED_ONLINE else "not_of_this_kind"
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
    return _closed(report, data)


def _closed(report: Report, data: Mapping[str, Any]) -> str | None:
    """What only a few words or numbers may say."""
    if report in (Report.FAILED, Report.ATTEMPT_FAILED) and data["reason"] not in set(Reason):
        return "unknown_reason"
    if "authorisation" in data and not RELATIONS & {data.get("relation"), data.get("receiver")}:
        return "missing_fact: relation"
    # An item number of the post is typed off a label: a slip of the finger would seal another bag.
    numbers = [str(data[name]) for name in ("seal", "item") if data.get(name)]
    if report is Report.SEALED and any(s10.is_mistyped(number) for number in numbers):
        return "wrong_check_digit"
    return None
