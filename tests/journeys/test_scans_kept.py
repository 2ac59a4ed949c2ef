"""A scan that became a paper of a dossier is kept; one that became none is removed after its term."""

from datetime import date, timedelta

import pytest

from app.core.clock import at_local
from app.core.database import DB, fetch
from app.dossiers.operations import remove_expired_papers
from tests.journeys.conftest import Town
from tests.journeys.test_reuse import MATERNITY, Desk


@pytest.mark.parametrize("noted", [True, False], ids=["as it is noted", "as an older release left it"])
async def test_a_paper_of_a_dossier_outlives_a_scan_of_none(town: Town, day: date, noted: bool) -> None:
    desk = await Desk(town, day).begin()
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    paper, spare = await desk.scan("component"), await desk.scan("component")
    answer = await desk.accept(MATERNITY, ticket, {"component": 1, "originals": 1, "document_id": paper})
    assert answer.status_code == 201, answer.text
    assert [each["id"] for each in (await lan.get("/v1/documents")).json()["items"]] == [paper]
    if not noted:
        assert DB.pool is not None
        await DB.pool.execute("UPDATE document SET named_at = NULL")

    late = at_local(day, 12) + timedelta(days=400)
    while await remove_expired_papers(at_most=10, now=late):
        pass

    assert spare != paper
    assert [str(row["id"]) for row in await fetch("SELECT id FROM document")] == [paper]
    assert [each["id"] for each in (await lan.get("/v1/documents")).json()["items"]] == [paper]
