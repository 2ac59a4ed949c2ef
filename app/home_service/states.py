"""What may follow what at a door, for collections and deliveries."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.core.errors import Words


class Kind(StrEnum):
    COLLECTION = "collection"
    DELIVERY = "delivery"
    # A courier helps to submit online at home; nothing is taken along (hỗ trợ nộp trực tuyến tại nhà).
    ASSISTED_ONLINE = "assisted_online"


class State(StrEnum):
    """Where a home visit stands."""

    CONFIRMED = "confirmed"
    ASSIGNED = "assigned"
    TAKEN = "taken"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    COUNTED = "counted"
    INCOMPLETE = "incomplete"
    SEALED = "sealed"
    AT_HUB = "at_hub"
    HANDED_OVER = "handed_over"
    AT_CENTRE = "handed_to_centre"
    SUPPLEMENT = "supplement"
    REFUSED_BACK = "refused_back"
    RETURNING = "returning"
    ACCEPTED = "accepted"
    SUBMITTED = "submitted"
    QUARANTINED = "quarantined"
    DELIVERED = "delivered"
    ATTEMPT_FAILED = "attempt_failed"
    HELD = "held_at_post_office"
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
        State.INCOMPLETE: Words("Còn thiếu giấy tờ", "Papers are missing"),
        State.SEALED: Words("Đã niêm phong", "Sealed"),
        State.AT_HUB: Words("Đã về bưu cục", "At the post office"),
        State.HANDED_OVER: Words("Đang bàn giao cho trung tâm", "Being handed to the centre"),
        State.AT_CENTRE: Words("Trung tâm đã nhận", "At the centre"),
        State.ACCEPTED: Words("Hồ sơ đã được tiếp nhận", "Dossier accepted"),
        State.SUPPLEMENT: Words("Cần bổ sung giấy tờ", "More papers are asked for"),
        State.REFUSED_BACK: Words("Trung tâm trả lại hồ sơ", "The centre gives the papers back"),
        State.RETURNING: Words("Đang chuyển trả giấy tờ", "Papers on their way back"),
        State.SUBMITTED: Words("Đã nộp trực tuyến", "Submitted online"),
        State.QUARANTINED: Words("Tạm giữ để kiểm kê", "Held for a joint count"),
        State.DELIVERED: Words("Đã trả kết quả", "Result delivered"),
        State.ATTEMPT_FAILED: Words("Phát không thành công", "Delivery attempt failed"),
        State.HELD: Words("Lưu tại bưu cục chờ nhận", "Kept at the post office"),
        State.RETURNED: Words("Đã chuyển hoàn", "Returned"),
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


class Reason(StrEnum):
    """Why nothing came of a visit or an attempt (DOMAIN.md 4.3): a closed list, because it is counted."""

    ABSENT = "absent"
    WRONG_ADDRESS = "wrong_address"
    REFUSED = "refused"
    INCOMPLETE_PAPERS = "incomplete_papers"
    IDENTITY_MISMATCH = "identity_mismatch"
    PRESENCE_REQUIRED = "presence_required"
    UNSAFE = "unsafe"  # thời tiết, nơi không an toàn
    VEHICLE = "vehicle"
    SEAL_DAMAGED = "seal_damaged"
    TIME_EXCEEDED = "time_exceeded"


REASONS: Final[Mapping[Reason, Words]] = MappingProxyType(
    {
        Reason.ABSENT: Words("Không có người ở nhà", "Nobody was at home"),
        Reason.WRONG_ADDRESS: Words("Sai địa chỉ", "Wrong address"),
        Reason.REFUSED: Words("Công dân từ chối", "Refused by the citizen"),
        Reason.INCOMPLETE_PAPERS: Words("Thiếu giấy tờ", "Papers were missing"),
        Reason.IDENTITY_MISMATCH: Words("Không đúng người", "Not the right person"),
        Reason.PRESENCE_REQUIRED: Words("Phải có mặt tại quầy", "Somebody must come to the counter"),
        Reason.UNSAFE: Words("Thời tiết xấu hoặc không an toàn", "Weather, or an unsafe place"),
        Reason.VEHICLE: Words("Hỏng phương tiện", "Vehicle failure"),
        Reason.SEAL_DAMAGED: Words("Niêm phong bị hỏng", "The seal was damaged"),
        Reason.TIME_EXCEEDED: Words("Quá thời gian", "No time was left"),
    }
)

COLLECTION: Final[Mapping[tuple[State, Report], State]] = MappingProxyType(
    {
        (State.ASSIGNED, Report.ACCEPTED): State.TAKEN,
        (State.ASSIGNED, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.EN_ROUTE): State.EN_ROUTE,
        (State.EN_ROUTE, Report.ARRIVED): State.ARRIVED,
        (State.ARRIVED, Report.COUNTED): State.COUNTED,
        (State.COUNTED, Report.SEALED): State.SEALED,
        # Papers are missing: counted again once found, or handed in in part, or another day.
        (State.INCOMPLETE, Report.COUNTED): State.COUNTED,
        (State.INCOMPLETE, Report.SEALED): State.SEALED,
        (State.INCOMPLETE, Report.FAILED): State.FAILED,
        # Papers go back to the citizen: from the courier, from the post office, or from the centre.
        (State.SEALED, Report.RETURNED): State.RETURNED,
        (State.AT_HUB, Report.RETURNED): State.RETURNED,
        (State.REFUSED_BACK, Report.SEALED): State.RETURNING,
        (State.RETURNING, Report.RETURNED): State.RETURNED,
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
        (State.ATTEMPT_FAILED, Report.REACHED_HUB): State.HELD,
        (State.HELD, Report.DELIVERED): State.DELIVERED,
        (State.HELD, Report.RETURNED): State.RETURNED,
    }
)
ASSISTED_ONLINE: Final[Mapping[tuple[State, Report], State]] = MappingProxyType(
    {
        (State.ASSIGNED, Report.ACCEPTED): State.TAKEN,
        (State.ASSIGNED, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.DECLINED): State.CONFIRMED,
        (State.TAKEN, Report.EN_ROUTE): State.EN_ROUTE,
        (State.EN_ROUTE, Report.ARRIVED): State.ARRIVED,
        (State.ARRIVED, Report.HANDED_OVER): State.SUBMITTED,
        (State.TAKEN, Report.FAILED): State.FAILED,
        (State.EN_ROUTE, Report.FAILED): State.FAILED,
        (State.ARRIVED, Report.FAILED): State.FAILED,
    }
)
MOVES: Final = MappingProxyType(
    {
        Kind.COLLECTION: COLLECTION,
        Kind.DELIVERY: DELIVERY,
        Kind.ASSISTED_ONLINE: ASSISTED_ONLINE,
    }
)

# A visit stands here while nobody is at its door yet; it may still be cancelled or moved.
BEFORE_THE_DOOR: Final = frozenset({State.CONFIRMED, State.ASSIGNED, State.TAKEN})
# A courier is expected: nobody is at the door yet, and nothing has changed hands there.
TO_REACH: Final = BEFORE_THE_DOOR | {State.EN_ROUTE}
# A delivery on the round: the package is with its courier.
CARRIED: Final = frozenset({State.SEALED, State.EN_ROUTE, State.ATTEMPT_FAILED})
# What came to nothing may be tried again another day, as the citizen likes.
MAY_BE_MOVED: Final = BEFORE_THE_DOOR | {State.FAILED}
# The centre has the papers and looks into them.
LOOKED_INTO: Final = frozenset({State.AT_CENTRE, State.SUPPLEMENT, State.REFUSED_BACK})
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
    State.INCOMPLETE,
}


def is_at_the_door(kind: Kind, report: Report) -> bool:
    """A collection is sealed at the door too; a delivery at the counter, hours before."""
    return report in AT_THE_DOOR or (kind is Kind.COLLECTION and report is Report.SEALED)


def after(kind: Kind, state: State, report: Report) -> State | None:
    """The state a report leads to, or None while its predecessor is missing."""
    if report is Report.FEE_COLLECTED:
        return state
    return MOVES[kind].get((state, report))


def is_ever_reported(kind: Kind, report: Report) -> bool:
    """Whether a visit of this kind can hear such a report at all."""
    return report is Report.FEE_COLLECTED or any(heard is report for _, heard in MOVES[kind])


def is_over(kind: Kind, state: State) -> bool:
    """Nothing a courier reports moves it any more."""
    return not any(before is state for before, _ in MOVES[kind])
