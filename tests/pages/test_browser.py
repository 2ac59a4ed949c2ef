"""The pages in a real browser: booking without scripts, a call that reaches the board, axe."""

import re
import shutil
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from app.appointments.kept_back import NOBODY
from app.core.database import fetch_value
from app.http.principals import Caller
from app.identity import operations as identity
from app.identity import queries as identity_queries
from app.queue import operations as queue
from app.sample import seed
from app.sample.files import sample_id
from app.sample.openings import open_now
from tests import remembered

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
PHONE = "0987 111 222"
E164 = "+84987111222"
CERTIFIED_COPY = "2.000815"
SIZES = [(360, 640), (1280, 720)]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="Chromium is not installed (apt package chromium)"
    ),
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest.fixture
async def centre(database: object, now: datetime) -> uuid.UUID:
    """The demonstration's centre, open now."""
    await remembered.catalogue(now)
    await open_now(seed.DEMO_CENTRE_ID, now=now)
    return seed.DEMO_CENTRE_ID


async def new_page(browser: Browser, size: tuple[int, int], **options: Any) -> Page:
    viewport = {"width": size[0], "height": size[1]}
    context = await browser.new_context(viewport=viewport, locale="vi-VN", **options)
    return await context.new_page()


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page)
    return [f"{page.url}: {entry['id']}" for entry in found.response["violations"]]


async def newest_code() -> str:
    challenge = await fetch_value(
        "SELECT id FROM otp_challenge WHERE phone = $1 ORDER BY created_at DESC LIMIT 1", E164
    )
    found = await identity_queries.code_for_sending(challenge)
    assert found is not None
    return found.code


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scripts", [False, True])
async def test_lan_books_in_four_pages(
    browser: Browser, served: str, centre: uuid.UUID, size: tuple[int, int], scripts: bool
) -> None:
    page = await new_page(browser, size, java_script_enabled=scripts)
    wrong: list[str] = []

    async def look() -> None:
        if scripts:
            wrong.extend(await violations(page))

    await page.goto(f"{served}/booking?q=chung+thuc+ban+sao")
    await look()
    await page.locator(f"input[name=procedure][value='{CERTIFIED_COPY}']").check()
    await page.get_by_role("button").last.click()
    await page.wait_for_url("**/booking/time**")
    await look()
    await page.locator("input[name=starts_at]").first.check()
    await page.get_by_role("button").last.click()
    await page.wait_for_url("**/booking/contact")
    await look()
    await page.fill("[name=name]", "Nguyễn Thị Lan")
    await page.fill("[name=phone]", PHONE)
    await page.get_by_role("button").last.click()
    await page.wait_for_url("**/booking/code")
    await look()
    await page.fill("[name=code]", await newest_code())
    form = page.locator("form").filter(has=page.locator("[name=code]"))
    await form.get_by_role("button").first.click()
    await page.wait_for_url("**/booking/check")
    await look()
    await page.locator("main form").get_by_role("button").last.click()
    await page.wait_for_url(re.compile("/booking/[0-9a-f]{8}-"))
    await look()

    assert wrong == []
    reference = await fetch_value("SELECT reference FROM appointment WHERE state = 'confirmed'")
    assert reference in await page.locator("main").inner_text()


async def test_whoever_comes_back_to_choose_another_time_holds_one_place(
    browser: Browser, served: str, centre: uuid.UUID
) -> None:
    page = await new_page(browser, SIZES[0], java_script_enabled=False)
    holds = "SELECT count(*) FROM appointment WHERE state = 'held' AND citizen_id <> $1"

    async def choose(nth: int) -> None:
        await page.goto(f"{served}/booking?q=chung+thuc+ban+sao")
        await page.locator(f"input[name=procedure][value='{CERTIFIED_COPY}']").check()
        await page.get_by_role("button").last.click()
        await page.locator("input[name=starts_at]").nth(nth).check()
        await page.get_by_role("button").last.click()
        await page.wait_for_url("**/booking/contact")
        await page.fill("[name=name]", "Nguyễn Thị Lan")
        await page.fill("[name=phone]", PHONE)
        await page.get_by_role("button").last.click()

    await choose(0)
    await page.fill("[name=code]", await newest_code())
    form = page.locator("form").filter(has=page.locator("[name=code]"))
    await form.get_by_role("button").first.click()
    await page.wait_for_url("**/booking/check")
    for nth in (1, 2):
        await choose(nth)
        await page.wait_for_url("**/booking/check")
        assert await fetch_value(holds, NOBODY) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_a_call_at_the_console_reaches_the_board(
    browser: Browser, served: str, centre: uuid.UUID, now: datetime, size: tuple[int, int]
) -> None:
    await identity.enrol_officer(
        officer_id=sample_id("officer", "minh"),
        username="minh",
        password="demo-minh",
        centre_id=centre,
        roles=[Caller.OFFICER],
        now=now,
    )
    issued = await queue.issue_walk_in(
        centre_id=centre,
        procedure_codes=[CERTIFIED_COPY],
        priority_group=None,
        contact_phone=None,
        locale="vi",
        now=now,
    )
    board = await new_page(browser, size)
    await board.goto(f"{served}/board/{centre}")
    console = await new_page(browser, size)
    await console.goto(f"{served}/console/sign-in")
    await console.fill("[name=username]", "minh")
    await console.fill("[name=password]", "demo-minh")
    await console.locator("main").get_by_role("button").first.click()
    await console.wait_for_url("**/console")
    wrong = await violations(console)
    await console.locator("button[name=counter]:not([disabled])").first.click()
    await console.wait_for_url("**/console/desk/**")
    await console.keyboard.press("F8")

    await board.get_by_text(issued.ticket.number).first.wait_for(timeout=10_000)
    await console.get_by_text(issued.ticket.number).first.wait_for(timeout=10_000)

    assert wrong + await violations(console) + await violations(board) == []


async def test_a_form_of_another_site_changes_nothing(
    browser: Browser, served: str, centre: uuid.UUID
) -> None:
    page = await new_page(browser, SIZES[1])
    await page.goto(f"{served}/booking/time?procedure={CERTIFIED_COPY}")
    await page.evaluate("document.querySelector('input[name=_csrf_token]').value = 'guessed'")

    await page.locator("input[name=starts_at]").first.check()
    await page.get_by_role("button").last.click()

    await page.get_by_role("heading", level=1).wait_for()
    assert "403" in await page.locator("main").inner_text() or "form_not_ours" in await page.content()
