"""What couriers' telephones last said of each door of a day, as far as it can be trusted."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from app.core.database import fetch
from app.home_service.rules import is_near_the_province
from app.home_service.states import Kind, Report
from app.rounds.blocks import TOLD
from app.rounds.lateness import Doing, Sighting

# A telephone that has signal again sends hours in one batch, a report at a time: half of it says where the
# courier was, the whole of it where they are.
SETTLED: Final = timedelta(seconds=20)
# A delivery is sealed at the counter, and a collection handed over there: neither says anything of a door.
SAYS: Final[Mapping[tuple[Kind, Report], Doing]] = MappingProxyType(
    {
        **{(kind, Report.EN_ROUTE): Doing.ON_THE_WAY for kind in Kind},
        **{(kind, Report.ARRIVED): Doing.AT_THE_DOOR for kind in Kind},
        (Kind.COLLECTION, Report.COUNTED): Doing.AT_THE_DOOR,
        (Kind.COLLECTION, Report.SEALED): Doing.DONE,
        (Kind.COLLECTION, Report.FAILED): Doing.DONE,
        (Kind.DELIVERY, Report.DELIVERED): Doing.DONE,
        (Kind.DELIVERY, Report.ATTEMPT_FAILED): Doing.DONE,
        (Kind.ASSISTED_ONLINE, Report.HANDED_OVER): Doing.DONE,
        (Kind.ASSISTED_ONLINE, Report.FAILED): Doing.DONE,
    }
)
SEEN: Final = """
SELECT DISTINCT ON (stop.home_visit_id) duty.id AS duty_id, stop.home_visit_id, visit.kind, seen.type,
       seen.effective_at, seen.received_at, seen.lat, seen.lon,
       (SELECT max(came.effective_at) FROM visit_event came WHERE came.home_visit_id = stop.home_visit_id
           AND came.courier_id = duty.courier_id AND came.type = 'arrived' AND came.applied_as IS NOT NULL
           AND NOT came.clock_suspect) AS since
  FROM duty JOIN round_stop stop ON stop.duty_id = duty.id AND stop.lock IN ('position', 'done')
  JOIN home_visit visit ON visit.id = stop.home_visit_id
  JOIN visit_event seen ON seen.home_visit_id = stop.home_visit_id AND seen.courier_id = duty.courier_id
 WHERE duty.date = $1 AND ($2::uuid IS NULL OR duty.id = $2) AND duty.state = ANY($3)
   AND seen.applied_as IS NOT NULL AND seen.effective_at IS NOT NULL AND NOT seen.clock_suspect
   AND visit.kind || ' ' || seen.type = ANY($4)
 ORDER BY stop.home_visit_id, seen.effective_at DESC, seen.device_seq DESC
"""


async def seen_on(
    day: date, *, now: datetime, duty_id: uuid.UUID | None = None
) -> dict[uuid.UUID, dict[uuid.UUID, Sighting]]:
    """By duty, the last trusted report of each of its visits; no duty of which reports still come in."""
    rows = await fetch(
        SEEN,
        day,
        duty_id,
        [state.value for state in TOLD],
        [f"{kind.value} {report.value}" for kind, report in SAYS],
    )
    found: dict[uuid.UUID, dict[uuid.UUID, Sighting]] = {}
    coming = {row["duty_id"] for row in rows if row["received_at"] > now - SETTLED}
    for row in rows:
        if row["duty_id"] in coming:
            continue
        named = row["lat"] is not None and is_near_the_province(row["lat"], row["lon"])
        found.setdefault(row["duty_id"], {})[row["home_visit_id"]] = Sighting(
            row["home_visit_id"],
            SAYS[Kind(row["kind"]), Report(row["type"])],
            row["effective_at"],
            row["since"],
            row["lat"] if named else None,
            row["lon"] if named else None,
        )
    return found
