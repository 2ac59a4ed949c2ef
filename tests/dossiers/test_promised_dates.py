"""A dossier is promised by the catalogue's processing time, in every unit the catalogue can hold."""

from datetime import datetime

import pytest

from app.centres import queries as centres
from app.core.database import DB
from tests.queue.conftest import Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import accepted


@pytest.mark.parametrize(
    ("unit", "length"),
    [
        ("hour", {"working_hours": 2}),
        ("working_day", {"working_days": 2}),
        ("calendar_day", {"calendar_days": 2}),
    ],
)
async def test_a_dossier_is_promised_in_every_unit_of_the_catalogue(
    open_hall: Hall,  # noqa: F811
    now: datetime,
    unit: str,
    length: dict[str, int],
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE procedure SET processing_unit = $2, processing_value = 2 WHERE code = $1",
        open_hall.code,
        unit,
    )

    dossier = await accepted(open_hall, now)

    assert dossier.due_at == (await centres.load_working_calendar()).add(now, **length)
