"""The editor's page in a browser: live while somebody types, by keyboard, without scripts, accessible."""

import re
import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from app.core.database import fetch_value
from app.sample.seed import seed
from notifications.templates import TEMPLATES
from notifications.wordings import versions
from tests.pages.test_browser import new_page, violations

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
OTP = TEMPLATES["otp"]
PHONE, DESK = (360, 640), (1280, 720)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="Chromium is not installed (apt package chromium)"
    ),
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        await running.close()


@pytest.fixture
async def site(served: str, database: object, now: datetime) -> str:
    """The sample, whose editor is Tuấn."""
    await seed(now=now, working_days=1)
    return served


async def sit_down(page: Page, site: str) -> None:
    await page.goto(f"{site}/console/sign-in")
    await page.fill("[name=username]", "tuan")
    await page.fill("[name=password]", "demo-tuan")
    await page.locator("main").get_by_role("button").first.click()
    await page.wait_for_url("**/wordings")


async def test_what_is_typed_is_counted_while_it_is_typed_and_published_by_keyboard(
    browser: Browser, site: str
) -> None:
    page = await new_page(browser, DESK)
    await sit_down(page, site)
    wrong = await violations(page)
    await page.locator("a[href='/wordings/otp']").click()
    await page.wait_for_url("**/wordings/otp")
    wrong += await violations(page)
    vietnamese = page.locator(".look", has=page.locator("#look-vi"))

    await page.locator("#vi").focus()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" [Xin cảm ơn] {kode}")
    await vietnamese.get_by_text("Không có biến này.").wait_for()

    assert "[Xin cam on] {kode}" in await vietnamese.inner_text()
    assert "[ 1 lần 2 đơn vị" in await vietnamese.inner_text()
    assert "Tiếng Việt: 1 đoạn SMS, 1 lỗi" in await page.locator("#looks-aloud").inner_text()
    # The hand stays where it types.
    assert await page.evaluate("document.activeElement.id") == "vi"
    wrong += await violations(page)

    for _ in " {kode}":
        await page.keyboard.press("Backspace")
    await vietnamese.locator(".look__problems").wait_for(state="detached")
    for _ in ("en", "note", "preview", "publish"):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("published=2"))
    wrong += await violations(page)

    assert wrong == []
    assert (await versions.history(OTP))[0].vi == f"{OTP.vi} [Xin cảm ơn]"


async def test_without_scripts_a_button_shows_how_it_looks(browser: Browser, site: str) -> None:
    page = await new_page(browser, PHONE, java_script_enabled=False)
    await sit_down(page, site)
    await page.goto(f"{site}/wordings/otp")

    # Words that could be published: whoever presses Enter looks, nothing is published by accident.
    polite = OTP.vi.replace("Motcua: ", "Motcua: kính gửi, ")
    await page.fill("#vi", polite)
    await page.locator("#note").press("Enter")
    await page.locator("#looks", has_text="Motcua: kinh gui, ").wait_for()

    assert await page.locator("#vi").input_value() == polite
    assert await fetch_value("SELECT count(*) FROM message_template") == 0


async def test_when_the_line_is_cut_the_editor_is_told(browser: Browser, site: str) -> None:
    page = await new_page(browser, DESK)
    await sit_down(page, site)
    await page.goto(f"{site}/wordings/otp")

    await page.context.set_offline(True)
    await page.locator("#en").press("Control+End")
    await page.keyboard.type(" Thank you.")
    await page.locator("#lost").wait_for()

    await page.context.set_offline(False)
    await page.keyboard.type(" Thanks.")
    await page.locator("#lost").wait_for(state="hidden")
    assert "Thank you. Thanks." in await page.locator("#looks").inner_text()
