"""A hall's screen is a device: enrolled from its address, heard while it lives, and ended."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from app.core.database import DB, fetch_value
from app.identity import operations as identity
from tests.queue.conftest import Hall, hall  # noqa: F401 - a fixture

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
KEPT = "localStorage.getItem('motcua.device')"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="Chromium is not installed (apt package chromium)"
    ),
]


@pytest.fixture
async def screen() -> AsyncIterator[Page]:
    """The hall's browser, whose clock a test can wind on."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await browser.new_context(viewport={"width": 1280, "height": 720})).new_page()
        await page.clock.install()
        yield page
        await browser.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.05)


async def heard() -> int:
    return int(await fetch_value("SELECT count(*) FROM device_heartbeat"))


async def board_code(hall: Hall, now: datetime) -> tuple[uuid.UUID, str]:  # noqa: F811
    made = await identity.invite_device(
        kind="board", label="Sảnh", centre_id=hall.centre_id, officer_id=uuid.uuid4(), now=now
    )
    return made.device_id, made.code


async def test_a_screen_is_enrolled_from_its_address_heard_again_and_ended(
    screen: Page,
    served: str,
    hall: Hall,  # noqa: F811
    now: datetime,
) -> None:
    assert DB.pool is not None
    device_id, code = await board_code(hall, now)
    address = f"{served}/board/{hall.centre_id}?sound=off"

    await screen.goto(f"{address}#{code}")
    await until(lambda: _is(heard(), 1))
    assert screen.url == address
    assert await fetch_value("SELECT device_id FROM device_heartbeat") == device_id

    # Heard again with the next beat, and after the screen was switched off and on.
    await DB.pool.execute("DELETE FROM device_heartbeat")
    await screen.clock.run_for(31_000)
    await until(lambda: _is(heard(), 1))
    await DB.pool.execute("DELETE FROM device_heartbeat")
    await screen.reload()
    await until(lambda: _is(heard(), 1))

    await identity.revoke_device(device_id=device_id, centre_id=hall.centre_id, now=now)
    await screen.reload()
    await until(lambda: _is(_kept(screen), None))


async def test_anybodys_screen_is_no_device_and_a_wrong_code_makes_it_none(
    screen: Page,
    served: str,
    hall: Hall,  # noqa: F811
) -> None:
    asked: list[str] = []
    screen.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
    await screen.goto(f"{served}/board/{hall.centre_id}?sound=off")
    await screen.clock.run_for(61_000)
    assert asked == []

    await screen.goto("about:blank")
    async with screen.expect_response("**/v1/auth/device/enrol") as answered:
        await screen.goto(f"{served}/board/{hall.centre_id}?sound=off#0000-0000")
    assert (await answered.value).status == 401
    await screen.clock.run_for(31_000)

    assert await screen.evaluate(KEPT) is None
    assert await heard() == 0


async def _is(asked: Awaitable[object], value: object) -> bool:
    return await asked == value


async def _kept(screen: Page) -> object:
    return await screen.evaluate(KEPT)
