"""The console tells of kiosks and boards that are silent: the centre's own, in both languages."""

import re
import uuid
from datetime import datetime, timedelta

import httpx
import pytest

from app.http.principals import Caller
from app.identity import operations as identity
from app.queue import operations as queue
from app.sample import seed
from tests.queue.conftest import Hall, hall  # noqa: F401 - a fixture

SILENT_FOR = timedelta(minutes=4)


async def enrol(centre_id: uuid.UUID, label: str, kind: str, now: datetime) -> uuid.UUID:
    device_id = uuid.uuid4()
    await identity.enrol_device(
        device_id=device_id, kind=kind, centre_id=centre_id, key="k" * 32, label=label, now=now
    )
    return device_id


async def beat(device_id: uuid.UUID, centre_id: uuid.UUID, now: datetime) -> None:
    await queue.note_heartbeat(device_id=device_id, centre_id=centre_id, status="ok", now=now)


@pytest.fixture
async def minh(client: httpx.AsyncClient, hall: Hall, now: datetime) -> httpx.AsyncClient:  # noqa: F811
    """An officer at the console."""
    await identity.enrol_officer(
        officer_id=uuid.uuid4(),
        username="minh",
        password="demo-minh",
        centre_id=seed.DEMO_CENTRE_ID,
        roles=[Caller.OFFICER],
        now=now,
    )
    answer = await client.post("/v1/auth/staff", json={"username": "minh", "password": "demo-minh"})
    assert answer.status_code == 200
    return client


async def test_minh_sees_which_devices_are_silent_until_they_are_heard_again(
    minh: httpx.AsyncClient,
    hall: Hall,  # noqa: F811
    now: datetime,
) -> None:
    before = now - SILENT_FOR
    kiosk = await enrol(hall.centre_id, "Sảnh <1>", "kiosk", before)
    await enrol(hall.centre_id, "Bảng 2", "board", before)
    heard = await enrol(hall.centre_id, "Nghe tốt", "kiosk", before)
    ended = await enrol(hall.centre_id, "Đã bỏ", "kiosk", before)
    await enrol(uuid.uuid4(), "Nơi khác", "kiosk", before)
    await beat(kiosk, hall.centre_id, before)
    await beat(heard, hall.centre_id, now)
    await identity.revoke_device(device_id=ended, centre_id=hall.centre_id, now=now)

    desk = f"/console/desk/{hall.counters[0]}"
    vietnamese = (await minh.get(f"{desk}?lang=vi")).text
    english = (await minh.get(f"{desk}?lang=en")).text
    fragment = (await minh.get("/console/devices?lang=vi")).text

    for text in (vietnamese, fragment):
        assert "2 thiết bị mất liên lạc" in text
        assert re.search(r"Máy lấy số “Sảnh &lt;1&gt;”:\s+liên lạc lần cuối", text)
        assert re.search(r"Bảng gọi số “Bảng 2”:\s+chưa liên lạc lần nào", text)
    assert "2 devices are silent" in english
    for other in ("Nghe tốt", "Đã bỏ", "Nơi khác"):
        assert other not in vietnamese + english + fragment

    await beat(kiosk, hall.centre_id, now)
    assert "1 thiết bị mất liên lạc" in (await minh.get("/console/devices?lang=vi")).text


async def test_while_all_are_heard_nothing_is_said(
    minh: httpx.AsyncClient,
    hall: Hall,  # noqa: F811
    now: datetime,
) -> None:
    await beat(await enrol(hall.centre_id, "Sảnh", "kiosk", now), hall.centre_id, now)

    fragment = await minh.get("/console/devices")

    assert (fragment.status_code, fragment.text.strip()) == (200, "")


async def test_who_is_not_signed_in_is_shown_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/console/devices")).status_code == 401
