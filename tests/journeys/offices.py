"""More than one centre in a story: each with a counter of its own and somebody on its roster."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime

from app.core.operation import operation
from app.sample.files import sample_id
from app.staff import steps as staff
from app.staff.steps import OfficerRecord, ShiftRecord
from tests.journeys.conftest import Town
from tests.journeys.test_reuse import Desk

TAM_DIEP = sample_id("centre", "HCC-14362")
PHAT_DIEM = sample_id("centre", "HCC-14620")
PROVINCE = sample_id("centre", "TT-37")
LONG_AGO = datetime(2021, 1, 1, tzinfo=UTC)


@operation
async def on_the_roster(centre_id: uuid.UUID) -> None:
    """Somebody works there, for a term that holds on every day of a story."""
    officer_id = uuid.uuid4()
    await staff.put_officers(
        [OfficerRecord(officer_id, centre_id, "Phạm Thị Minh", "officer", active=True, created_at=LONG_AGO)]
    )
    term = (date(2021, 1, 1), date(2028, 12, 31))
    await staff.put_shifts(
        [
            ShiftRecord(
                uuid.uuid4(), officer_id, centre_id, "official", *term, "QĐ 01", "", 1, created_at=LONG_AGO
            )
        ]
    )


async def office(town: Town, day: date, centre_id: uuid.UUID) -> Desk:
    """The same town, seen from another centre."""
    await on_the_roster(centre_id)
    return await Desk(replace(town, centre_id=centre_id), day).begin()
