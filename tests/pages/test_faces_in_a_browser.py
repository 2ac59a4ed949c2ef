"""What only a browser can say: accessible to everybody, nothing sideways, keys and the watchdog at work.

The pages are served as files, under the content security policy they must live with.
"""

import asyncio
import http.server
import io
import itertools
import re
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Route, ViewportSize, async_playwright

from app.pages.assets import STATIC
from app.pages.templates import render
from app.queue import voice
from tests.pages.samples import Case
from tests.pages.staff_samples import ALARMS, BOARD, BOARD_PAGE, DESKS, SILENT, call, cases

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (apt package chromium)"),
]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = [case for case in cases() if "/_" not in case.template]
# Swagger's own markup fails axe; the page is exempt and leads to the plain documents.
OURS = [case for case in PAGES if case.template != "docs.html"]
PHONE, DESK = ViewportSize(width=360, height=640), ViewportSize(width=1280, height=720)


class Site(NamedTuple):
    """Where the files are served, and what was posted to it."""

    url: str
    posts: list[str]
    answers: dict[str, tuple[int, str, str]]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, prepared answers by path, and a note of each post."""

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        self.site = site
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        prepared = self.site.answers.get(urlsplit(self.path).path)
        if prepared is None:
            super().do_GET()
            return
        status, kind, text = prepared
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.site.posts.append(self.path)
        text = render(
            "console/_workspace.html",
            language="vi",
            context={"csrf_token": "t", "desk": {**DESKS["called"], "revision": 42}},
        )
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


def name_of(case: Case, language: str) -> str:
    return f"{case.template.replace('/', '-').removesuffix('.html')}-{case.state}-{language}.html"


def event(name: str, revision: int, text: str) -> str:
    """One server-sent event with a rendered region."""
    return (
        f"event: {name}\nid: {revision}\n" + "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("faces")
    (folder / "static").symlink_to(STATIC)
    for case in PAGES:
        for language in ("vi", "en"):
            text = render(case.template, language=language, context=case.context)
            (folder / name_of(case, language)).write_text(text)
    site = Site("", [], {})
    handler = partial(Handler, directory=str(folder), site=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield site._replace(url=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    site.posts.clear()
    site.answers.clear()
    context = await browser.new_context(viewport=DESK)
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize(("size", "language"), [(PHONE, "vi"), (DESK, "en")], ids=["phone", "desk"])
async def test_every_page_can_be_used_by_everybody_and_never_scrolls_sideways(
    page: Page, site: Site, size: ViewportSize, language: str
) -> None:
    await page.set_viewport_size(size)
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    wrong: dict[str, Any] = {}
    for case in OURS:
        name = name_of(case, language)
        await page.goto(f"{site.url}/{name}?sound=off")
        found = await Axe().run(page)
        violations = [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]]
        sideways = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if violations or sideways:
            wrong[name] = (violations, sideways)

    assert wrong == {}
    assert refused == []


async def test_a_key_calls_the_next_number_and_can_be_switched_off(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/console-index-idle-vi.html")
    await page.locator("#keys summary").click()
    await page.locator("#keys-on").uncheck()
    await page.keyboard.press("F8")
    assert site.posts == []

    await page.locator("#keys-on").check()
    await page.keyboard.press("F8")
    await page.locator("#do-start").wait_for()

    assert site.posts == ["/console/counters/3/next"]
    # The hand stays on a move that is possible now.
    assert await page.evaluate("document.activeElement.id") == "do-start"


async def test_a_key_can_be_changed_and_is_remembered(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/console-index-idle-vi.html")
    await page.locator("#keys summary").click()
    await page.locator("tr[data-action=next] button").click()
    await page.keyboard.press("Alt+KeyN")
    await page.reload()

    assert await page.locator("#do-next").get_attribute("aria-keyshortcuts") == "Alt+N"
    await page.keyboard.press("F8")
    assert site.posts == []


async def test_the_console_follows_the_stream_and_says_a_call_aloud(page: Page, site: Site) -> None:
    desk = {**DESKS["called"], "revision": 50}
    text = render("console/_workspace.html", language="vi", context={"csrf_token": "t", "desk": desk})
    site.answers["/console/counters/3/stream"] = (200, "text/event-stream", event("workspace", 50, text))

    await page.goto(f"{site.url}/console-index-idle-vi.html")
    await page.locator("[data-revision='50'] #do-start").wait_for()

    assert await page.locator("#announcer").text_content() == "Đang gọi số A103"
    # What came by the stream has its keys as well.
    assert await page.locator("#do-recall").get_attribute("aria-keyshortcuts") == "F9"


async def test_a_device_that_falls_silent_is_told_and_leaves_the_hand_where_it_is(
    page: Page, site: Site
) -> None:
    text = render("console/_devices.html", language="vi", context={"devices": SILENT})
    site.answers["/console/devices"] = (200, "text/html; charset=utf-8", text)
    alarms = render("console/_alarms.html", language="vi", context=ALARMS)
    site.answers["/console/alarms"] = (200, "text/html; charset=utf-8", alarms)
    await page.clock.install()
    await page.goto(f"{site.url}/console-index-called-vi.html")
    assert await page.locator("#devices").inner_text() == ""
    await page.locator(".list__tickets").first.focus()

    await page.clock.run_for(31_000)
    await page.locator("#silent-heading").wait_for()

    assert await page.locator("#alarms-heading").inner_text() == "▲ Chờ quá lâu"
    assert "3 thiết bị mất liên lạc" in await page.locator("#devices").inner_text()
    # A list has no name of its own: only what is put aside beside the work does not move the hand off it.
    assert await page.evaluate("document.activeElement.className") == "list__tickets"


async def test_without_a_script_a_button_of_the_console_is_an_ordinary_post(
    browser: Browser, site: Site
) -> None:
    site.posts.clear()
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/console-index-called-vi.html")
    await page.locator("#do-recall").click()

    assert site.posts == ["/console/counters/3/tickets/t1/recall"]
    await context.close()


def newly_called(*numbers: str, counter: str) -> str:
    """The stream's next word: more calls, the newest first."""
    calls = [call(number, counter) for number in numbers]
    newer = {**BOARD, "revision": 813, "called": [*calls, *BOARD["called"]]}
    text = render("board/_now.html", language="vi", context={"board": newer})
    return event("board", 813, text)


async def test_the_board_follows_the_stream_and_tells_a_new_call(page: Page, site: Site) -> None:
    site.answers["/boards/c1/stream"] = (200, "text/event-stream", newly_called("D001", counter="Quầy 9"))

    await page.goto(f"{site.url}/board-index-typical-vi.html?sound=off")
    await page.locator(".call--fresh", has_text="D001").wait_for()

    assert await page.locator(".call").count() == 4
    assert await page.locator("#announcer").text_content() == "Mời số D001, Quầy 9"


async def test_the_board_says_how_long_it_has_been_blind_and_keeps_what_it_knows(
    page: Page, site: Site
) -> None:
    site.answers["/boards/c1/stream"] = (503, "text/plain", "")
    site.answers["/boards/c1/now"] = (503, "text/plain", "")
    await page.clock.install()
    await page.goto(f"{site.url}/board-index-typical-vi.html?sound=off")
    await page.clock.run_for(42_000)

    assert await page.locator("#lost").text_content() == "Đang mất kết nối 00:42"
    assert await page.locator(".call").first.is_visible()


async def test_a_board_whose_network_is_gone_says_so_keeps_the_calls_and_comes_back(
    page: Page, site: Site
) -> None:
    text = render("board/_now.html", language="vi", context={"board": BOARD})
    site.answers["/boards/c1/now"] = (200, "text/html; charset=utf-8", text)
    await page.clock.install()
    await page.goto(f"{site.url}/board-index-typical-vi.html?sound=off")
    before = await page.locator("#board").inner_text()

    await page.context.set_offline(True)
    await page.clock.run_for(90_000)
    assert re.fullmatch(r"Đang mất kết nối 01:[23]\d", await page.locator("#lost").inner_text())
    assert await page.locator("#board").inner_text() == before

    await page.context.set_offline(False)
    await page.clock.run_for(6_000)
    await page.locator("#lost").wait_for(state="hidden")
    assert await page.locator("#board").inner_text() == before


def sound(duration_ms: int) -> bytes:
    """A silence of this length as a WAV file."""
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16 * duration_ms))
    return kept.getvalue()


# Each clip has a length of its own, by which it is known again when it is played.
LENGTHS: dict[str, int] = {name: 20 + 10 * n for n, name in enumerate(voice.CLIPS) if name != "gong"}
LISTEN = """
window.played = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (at) {
  window.played.push([Math.round(this.buffer.duration * 1000), at]);
  return start.call(this, at);
};
const tone = OscillatorNode.prototype.start;
window.struck = 0;
OscillatorNode.prototype.start = function (at) { window.struck += 1; return tone.call(this, at); };
"""


async def at_least(page: Page, what: str, count: int) -> None:
    """Look until the page counted so many; its policy forbids the browser's own way of waiting."""
    async with asyncio.timeout(20):
        while await page.evaluate(what) < count:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("missing", ["", "muoi"], ids=["all recorded", "one missing"])
async def test_calls_are_spoken_one_after_the_other_or_told_by_their_gong_alone(
    page: Page, site: Site, missing: str
) -> None:
    clips = {name: f"/voice/{name}.wav" for name in LENGTHS if name != missing}
    context = {**BOARD_PAGE, "board": BOARD, "clips": clips}
    text = render("board/index.html", language="vi", context=context)
    site.answers["/hall"] = (200, "text/html; charset=utf-8", text)
    calls = newly_called("D115", "D101", counter="Quầy 3")
    site.answers["/boards/c1/stream"] = (200, "text/event-stream", calls)

    async def record(route: Route) -> None:
        name = urlsplit(route.request.url).path.rpartition("/")[2].removesuffix(".wav")
        await route.fulfill(body=sound(LENGTHS[name]), content_type="audio/wav")

    await page.route("**/voice/*.wav", record)
    await page.add_init_script(LISTEN)
    await page.goto(f"{site.url}/hall")
    # Six tones are one gong: with the second one, all that follows the first was begun.
    await at_least(page, "window.struck", 12)

    first, second = (list(voice.call(number=n, counter=3, priority=False)[1:]) for n in ("D101", "D115"))
    expected = first if missing else first + second
    await at_least(page, "window.played.length", len(expected))
    played = await page.evaluate("window.played")
    assert [length for length, _ in played] == [LENGTHS[name] for name in expected]
    # No word over another.
    for (length, at), (_, following) in itertools.pairwise(played):
        assert following >= at + length / 1000 - 0.001


async def test_the_booking_page_counts_the_kept_time_down(page: Page, site: Site) -> None:
    await page.clock.install()
    await page.goto(f"{site.url}/booking-check-typical-vi.html")
    await page.clock.run_for(60_000)
    assert await page.locator(".hold__clock").text_content() in {"8:53", "8:52"}

    await page.clock.run_for(600_000)
    assert "không còn được giữ" in (await page.locator(".hold__words").text_content() or "")


async def test_the_api_reference_is_shown_without_another_host(page: Page, site: Site) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    site.answers["/openapi.json"] = (
        200,
        "application/json",
        (
            '{"openapi": "3.1.0", "info": {"title": "Motcua", "version": "1"}, "paths": {"/livez": {"get":'
            ' {"operationId": "isAlive", "responses": {"200": {"description": "Alive"}}}}}}'
        ),
    )

    await page.goto(f"{site.url}/docs-typical-en.html")
    await page.get_by_text("/livez").wait_for()

    assert hosts - {""} == {urlsplit(site.url).netloc}


async def test_the_slip_fits_one_sheet_of_a5(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/booking-done-typical-vi.html")

    printed = await page.pdf(prefer_css_page_size=True)

    assert b"/Count 1" in printed
    assert b"/MediaBox [0 0 42" in printed  # 420 points wide: A5
