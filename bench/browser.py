"""The hall's board in a real browser: when a number stands there for people to read."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SHOWN_WITHIN_S: Final = 20.0

# The moment, on the machine's clock, at which the page's text holds the number.
WATCH: Final = """
number => new Promise(done => {
    const look = () => {
        if (document.body.innerText.includes(number)) { seen.disconnect(); done(Date.now()); }
    };
    const seen = new MutationObserver(look);
    seen.observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
})
"""
Watch = Callable[[str], Awaitable["asyncio.Task[float]"]]


@asynccontextmanager
async def page_of(url: str) -> AsyncIterator[Watch | None]:
    """A browser that shows the page; None where there is no browser to show it."""
    chromium = shutil.which("chromium")
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - only for those who develop
    except ImportError:
        chromium = None
    if chromium is None:
        yield None
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            page = await browser.new_page(viewport={"width": 1920, "height": 1080})
            await page.goto(url)
            yield _watching(page)
        finally:
            await browser.close()


def _watching(page: Any) -> Watch:
    async def watch(number: str) -> "asyncio.Task[float]":
        """Begins to watch; the task ends with the moment, in milliseconds, at which it was shown."""
        task: asyncio.Task[float] = asyncio.create_task(
            asyncio.wait_for(page.evaluate(WATCH, number), SHOWN_WITHIN_S)
        )
        # Answered after the watching has begun: the page does one thing after the other.
        await page.evaluate("0")
        return task

    return watch
