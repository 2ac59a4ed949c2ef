"""What may follow what at a door, for collections and deliveries."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.core.errors import Words


class Kind(StrEnum):
    COLLECTION = "collection"
    DELIVERY = "delivery"


class State(StrEnum):
    """Where a home visit stands."""

    CONFIRMED = "confirmed"
    ASSIGNED = "assigned"
    TAKEN = "taken"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    COUNTED = "counted"
    SEALED = "sealed"
    AT_HUB = "at_hub"
    HANDED_OVER = "handed_over"
    AT_CENTRE = "handed_to_centre"
    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    DELIVERED = "delivered"
    ATTEMPT_FAILED = "attempt_failed"
    RETURNED = "returned"
    FAILED = "failed"
    CANCELLED = "cancelled"


NAMES: Final[Mapping[State, Words]] = MappingProxyType(
    {
        State.CONFIRMED: Words("Đã xác nhận", "Confirmed"),
        State.ASSIGNED: Words("Đã giao bưu tá", "Courier assigned"),
        State.TAKEN: Words("Bưu tá đã nhận việc", "Courier accepted"),
        State.EN_ROUTE: Words("Bưu tá đang đến", "Courier on the way"),
        State.ARRIVED: Words("Bưu tá đã đến", "Courier at the door"),
        State.COUNTED: Words("Đã kiểm đếm giấy tờ", "Papers counted"),
        State.SEALED: Words("Đã niêm phong", "Sealed"),
        State.AT_HUB: Words("Đã về bưu cục", "At the post office"),
        State.HANDED_OVER: Words("Đang bàn giao cho trung tâm", "Being handed to the centre"),
        State.AT_CENTRE: Words("Trung tâm đã nhận", "At the centre"),
        State.ACCEPTED: Words("Hồ sơ đã được tiếp nhận", "Dossier accepted"),
        State.QUARANTINED: Words("Tạm giữ để kiểm kê", "Held for a joint count"),
        State.DELIVERED: Words("Đã trả kết quả", "Result delivered"),
        State.ATTEMPT_FAILED: Words("Phát không thành công", "Delivery attempt failed"),
        State.RETURNED: Words("Đã chuyển hoàn", "Returned to the centre"),
        State.FAILED: Words("Không thực hiện được", "Could not be done"),
        State.CANCELLED: Words("Đã hủy", "Cancelled"),
    }
)


class Report(StrEnum):
    """What a courier can report (API.md, event types)."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    COUNTED = "counted"
    SEALED = "sealed"
    FEE_COLLECTED = "fee_collected"
    FAILED = "failed"
    REACHED_HUB = "reached_hub"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    ATTEMPT_FAILED = "attempt_failed"
    RETURNED = "returned"


COLLECTION: Final[Mapping[tuple[State, Report], State]] = MappingProxyType(
    {
        (State.ASSIGNED, Report.ACCEPTED): State.TAKEN,
        (State.ASSIGNED, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.EN_ROUTE): State.EN_ROUTE,
        (State.EN_ROUTE, Report.ARRIVED): State.ARRIVED,
        (State.ARRIVED, Report.COUNTED): State.COUNTED,
        (State.COUNTED, Report.SEALED): State.SEALED,
        (State.SEALED, Report.REACHED_HUB): State.AT_HUB,
        (State.AT_HUB, Report.HANDED_OVER): State.HANDED_OVER,
        (State.TAKEN, Report.FAILED): State.FAILED,
        (State.EN_ROUTE, Report.FAILED): State.FAILED,
        (State.ARRIVED, Report.FAILED): State.FAILED,
        (State.COUNTED, Report.FAILED): State.FAILED,
    }
)
DELIVERY: Final[Mapping[tuple[State, Report], State]] = MappingProxyType(
    {
        (State.ASSIGNED, Report.ACCEPTED): State.TAKEN,
        (State.ASSIGNED, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.SEALED): State.SEALED,
        (State.SEALED, Report.EN_ROUTE): State.EN_ROUTE,
        (State.EN_ROUTE, Report.ARRIVED): State.ARRIVED,
        (State.ARRIVED, Report.DELIVERED): State.DELIVERED,
        (State.EN_ROUTE, Report.ATTEMPT_FAILED): State.ATTEMPT_FAILED,
        (State.ARRIVED, Report.ATTEMPT_FAILED): State.ATTEMPT_FAILED,
        (State.ATTEMPT_FAILED, Report.EN_ROUTE): State.EN_ROUTE,
        (State.ATTEMPT_FAILED, Report.RETURNED): State.RETURNED,
    }
)
MOVES: Final = MappingProxyType({Kind.COLLECTION: COLLECTION, Kind.DELIVERY: DELIVERY})

# A collection stands here while nobody is at its door yet; it may still be cancelled or moved.
BEFORE_THE_DOOR: Final = frozenset({State.CONFIRMED, State.ASSIGNED, State.TAKEN})
# The order in which reports of one visit happen; the same set folds to the same state.
RANK: Final = MappingProxyType({report: n for n, report in enumerate(Report)})


# What is reported of a door can only have been seen there.
AT_THE_DOOR: Final = frozenset({Report.ARRIVED, Report.COUNTED, Report.DELIVERED, Report.ATTEMPT_FAILED})
# A bag that was sealed is a fact, whatever had been decided meanwhile: by whom the visit is with now after
# it was called off, and by a courier of before at any time before there is a bag.
SEALED_AGAINST: Final = frozenset({State.CANCELLED, State.FAILED})
SEALED_BY_ANOTHER: Final = SEALED_AGAINST | {
    State.CONFIRMED,
    State.ASSIGNED,
    State.TAKEN,
    State.EN_ROUTE,
    State.ARRIVED,
    State.COUNTED,
}


def is_at_the_door(kind: Kind, report: Report) -> bool:
    """A collection is sealed at the door too; a delivery at the counter, hours before."""
    return report in AT_THE_DOOR or (kind is Kind.COLLECTION and report is Report.SEALED)


def after(kind: Kind, state: State, report: Report) -> State | None:
    """The state a report leads to, or None while its predecessor is missing."""
    if report is Report.FEE_COLLECTED:
        return state
    return MOVES[kind].get((state, report))


def is_over(kind: Kind, state: State) -> bool:
    """Nothing a courier reports moves it any more."""
    return not any(before is state for before, _ in MOVES[kind])
