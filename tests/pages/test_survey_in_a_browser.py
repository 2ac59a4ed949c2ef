"""The survey in a real browser: by keyboard, without scripts, readable by everybody."""

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from app.core.database import fetch_row
from app.satisfaction.rules import QUESTIONS
from tests.queue.conftest import hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import ticket, token  # noqa: F401 - fixtures

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="Chromium is not installed (apt package chromium)"
    ),
]


async def answer_by_keyboard(page: Page) -> None:
    """Tab to each question and take its first answer; then words, then the button."""
    await page.locator("h1").click()
    for question in QUESTIONS:
        await page.keyboard.press("Tab")
        focused = page.locator("input:focus")
        assert await focused.get_attribute("name") == question.field
        await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Cảm ơn")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")


async def test_lan_answers_by_keyboard_without_scripts(served: str, token: str) -> None:  # noqa: F811
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(
            java_script_enabled=False, locale="vi-VN", viewport={"width": 360, "height": 640}
        )
        page = await context.new_page()
        await page.goto(f"{served}/survey/{token}")
        await answer_by_keyboard(page)
        await page.wait_for_url("**/thanks")
        await browser.close()

    row = await fetch_row("SELECT overall, attitude, comment FROM survey_answer")
    assert row is not None
    assert tuple(row) == ("very_satisfied", 2, "Cảm ơn")


async def test_the_questions_and_the_thanks_are_readable_by_everybody(
    served: str,
    token: str,  # noqa: F811
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await browser.new_context(locale="vi-VN")).new_page()
        found = []
        await page.goto(f"{served}/survey/{token}")
        found += (await Axe().run(page)).response["violations"]
        await page.get_by_role("button").last.click()
        await page.locator(".govuk-error-summary").wait_for()
        found += (await Axe().run(page)).response["violations"]
        await answer_by_keyboard(page)
        await page.wait_for_url("**/thanks")
        found += (await Axe().run(page)).response["violations"]
        await browser.close()

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
