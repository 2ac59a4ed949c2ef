"""The papers of a dossier that came by courier: who held them on the way, and what a courier may read."""

from datetime import date

import pytest

from app.forms import wording
from app.http.principals import Caller
from partners.postal import scopes
from tests.forms.conftest import Read
from tests.journeys.conftest import Person, Town
from tests.journeys.test_custody import EVERY, Post, officers
from tests.journeys.test_doors import collected


@pytest.fixture
async def post(town: Town, day: date) -> Post:
    found = await town.sign_in(Caller.PARTNER, scopes=EVERY | {scopes.DOCUMENTS_WRITE})
    post = Post(town, Person(town.http, found.headers), day)
    await post.hires("tu")
    return post


async def test_the_control_slip_of_a_collected_dossier_begins_at_the_door(
    town: Town, post: Post, day: date
) -> None:
    door, dossier = await collected(town, post, await town.citizen(), day)
    mai, _ = await officers(town, door.visit)

    slip = await mai.get(f"/v1/staff/dossiers/{dossier['number']}/forms/06.pdf")
    receipt = await mai.get(f"/v1/staff/dossiers/{dossier['number']}/forms/01.pdf")

    assert (slip.status_code, receipt.status_code) == (200, 200)
    read = Read(slip.content)
    sealed = wording.short_moment(door.opens.replace(minute=35))
    for step in (
        f"1Nhân viên bưu chínhNhận từ người nộp hồ sơ, niêm phong nguyên vẹn{sealed}",
        "2Bưu cụcNhận từ nhân viên bưu chính, niêm phong nguyên vẹn",
        "Cán bộ Bộ phận Một cửaNhận từ",
        "Được tiếp nhận",
    ):
        assert read.says(step), (step, read.words)
    assert Read(receipt.content).says("Hình thức nộp: Qua dịch vụ bưu chính công ích (tại nhà)")
    assert Read(receipt.content).says("Nơi nhận kết quả: Tại nhà, qua dịch vụ bưu chính công ích")
