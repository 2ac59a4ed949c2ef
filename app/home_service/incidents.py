"""What a supervisor must look at: opened where it is seen, told to the outside, closed by a person."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core import journal, outbox
from app.core.database import fetch, in_transaction
from app.core.errors import Words
from app.core.ids import new_id
from app.home_service.events import HomeVisitIncidentOpened
from app.home_service.queries import HomeVisitRow


class Kind(StrEnum):
    """What went against what."""

    COLLECTED_AFTER_CANCELLATION = "collected_after_cancellation"
    COLLECTED_AFTER_FAILURE = "collected_after_failure"
    COLLECTED_BY_ANOTHER = "collected_by_another"
    FACT_AFTER_THE_END = "fact_after_the_end"
    CUSTODY_REFUSED = "custody_refused"
    REPORT_WAITED_TOO_LONG = "report_waited_too_long"
    EVENT_ID_REUSED = "event_id_reused"
    HOLD_IS_OVER = "hold_is_over"
    ROADS_SLOWER = "roads_slower"
    PROMISE_AT_RISK = "promise_at_risk"
    COURIER_SILENT = "courier_silent"
    LEFT_OPEN = "left_open"


NAMES: Final[Mapping[Kind, Words]] = MappingProxyType(
    {
        Kind.COLLECTED_AFTER_CANCELLATION: Words(
            "Giấy tờ đã được nhận sau khi công dân hủy hẹn; cần trả lại hoặc hỏi ý kiến công dân",
            "Papers were collected after the visit was cancelled; give them back or ask the citizen",
        ),
        Kind.COLLECTED_AFTER_FAILURE: Words(
            "Giấy tờ đã được nhận sau khi báo không thực hiện được",
            "Papers were collected after the visit was reported as failed",
        ),
        Kind.COLLECTED_BY_ANOTHER: Words(
            "Giấy tờ đã được bưu tá trước đó nhận", "Papers were collected by a courier of before"
        ),
        Kind.FACT_AFTER_THE_END: Words(
            "Có sự việc thực tế được báo sau khi lượt đến nhà đã kết thúc",
            "Something physical was reported after the visit had ended",
        ),
        Kind.CUSTODY_REFUSED: Words(
            "Việc bàn giao được báo không khớp với chuỗi bàn giao",
            "A reported change of hands contradicts the chain of custody",
        ),
        Kind.REPORT_WAITED_TOO_LONG: Words(
            "Báo cáo thiếu bước trước đó quá 72 giờ",
            "A report has waited over 72 hours for the one before it",
        ),
        Kind.HOLD_IS_OVER: Words(
            "Đã hết thời gian lưu tại bưu cục; kết quả phải được chuyển hoàn về trung tâm",
            "The post office has kept the result long enough; it has to come back to the centre",
        ),
        Kind.EVENT_ID_REUSED: Words(
            "Mã sự kiện được dùng lại cho nội dung khác",
            "An event id was used again for another content",
        ),
        Kind.ROADS_SLOWER: Words(
            "Đường đi chậm hơn so với khi hẹn; cần xem lại tuyến của lượt này",
            "The roads are slower than when this was promised; look at its round",
        ),
        Kind.PROMISE_AT_RISK: Words(
            "Không còn bưu tá nào kịp khung giờ đã hẹn; cần sắp xếp cách khác",
            "No courier can keep the promised window any more; find another way",
        ),
        Kind.COURIER_SILENT: Words(
            "Đã quá giờ bưu tá phải đi mà chưa có tin báo; cần gọi cho bưu tá",
            "Its courier should have set out long ago and nothing was heard; call the courier",
        ),
        Kind.LEFT_OPEN: Words(
            "Ca tuyến đã kết thúc mà lượt này chưa được báo xong; cần hỏi bưu tá",
            "The round is over and this visit was never reported as done; ask its courier",
        ),
    }
)


class Incident(NamedTuple):
    """One of them, with the visit's reference."""

    id: uuid.UUID
    home_visit_id: uuid.UUID
    reference: str
    kind: str
    event_id: uuid.UUID | None
    opened_at: datetime


async def open_incident(
    visit: HomeVisitRow, kind: Kind, *, event_id: uuid.UUID | None, now: datetime
) -> None:
    """Call a supervisor. While one of this kind is open for the visit, that one stands."""
    opened = await in_transaction().fetchval(
        "INSERT INTO visit_incident (id, home_visit_id, centre_id, kind, event_id, opened_at)"
        " VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (home_visit_id, kind) WHERE closed_at IS NULL DO NOTHING"
        " RETURNING id",
        new_id(),
        visit.id,
        visit.centre_id,
        kind.value,
        event_id,
        now,
    )
    if opened is None:
        return
    await outbox.record(
        HomeVisitIncidentOpened(
            occurred_at=now,
            home_visit_id=visit.id,
            centre_id=visit.centre_id,
            visit_kind=visit.kind,
            version=visit.version,
            courier_id=visit.courier_id,
            reason=kind.value,
        )
    )
    await journal.write(
        "home_visit.incident_opened",
        object_kind="home_visit",
        object_id=visit.id,
        at=now,
        detail={"kind": kind.value, "event": str(event_id)},
    )


async def open_at(centre_id: uuid.UUID, *, limit: int) -> Sequence[Incident]:
    """What is open at a centre, the oldest first."""
    rows = await fetch(
        "SELECT i.id, i.home_visit_id, v.reference, i.kind, i.event_id, i.opened_at"
        " FROM visit_incident i JOIN home_visit v ON v.id = i.home_visit_id"
        " WHERE i.centre_id = $1 AND i.closed_at IS NULL ORDER BY i.opened_at, i.id LIMIT $2",
        centre_id,
        limit,
    )
    return [Incident(*row) for row in rows]
