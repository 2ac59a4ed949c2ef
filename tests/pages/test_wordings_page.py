"""The editor's page: what is said is seen, tried, published, taken back with forms; others look at most."""

import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.core import journal
from app.core.database import DB, fetch_value
from app.http.principals import AUDIENCE_OF, Audience, Caller
from app.identity import operations as identity
from app.identity.api import SESSION_COOKIE
from app.identity.steps import digest
from app.pages.wordings import READERS, wordings_handlers
from notifications import holds
from notifications.templates import TEMPLATES
from notifications.wordings import versions
from notifications.wordings.operations import Draft, publish
from tests.appointments.conftest import Place, place, tomorrow  # noqa: F401 - fixtures
from tests.architecture.test_role_matrix import EVERYBODY

OTP = TEMPLATES["otp"]
PAGE = "/wordings/otp"
POLITE = OTP.vi.replace("Motcua: ", "Motcua: kính gửi, ")
ROUTES = (
    ("GET", "/wordings"),
    ("GET", "/wordings/{key:str}"),
    ("POST", "/wordings/{key:str}/preview"),
    ("POST", "/wordings/{key:str}"),
    ("POST", "/wordings/{key:str}/versions/{version:int}/publish"),
    ("POST", "/wordings/{key:str}/hold"),
    ("POST", "/wordings/{key:str}/let-go"),
)
KEPT = "SELECT count(*) FROM message_template"

SitDown = Callable[..., Awaitable[uuid.UUID]]


@pytest.fixture
def sit_down(client: httpx.AsyncClient, sign_in: Any, place: Place) -> SitDown:  # noqa: F811
    """`await sit_down(Caller.MONITOR)`: the browser has the cookie of such a caller."""

    async def run(*callers: Caller) -> uuid.UUID:
        at_a_centre = AUDIENCE_OF[callers[0]] in {Audience.STAFF, Audience.DEVICE}
        signed_in = await sign_in(*callers, centre_id=place.centre_id if at_a_centre else None)
        cookie = uuid.uuid4().hex
        assert DB.pool is not None
        await DB.pool.execute(
            "UPDATE sign_in SET cookie_digest = $2 WHERE id = $1",
            signed_in.principal.sign_in_id,
            digest(cookie),
        )
        client.cookies.set(SESSION_COOKIE, cookie)
        who: uuid.UUID = signed_in.principal.id
        return who

    return run


@pytest.fixture
async def editor(sit_down: SitDown) -> uuid.UUID:
    return await sit_down(Caller.MESSAGE_EDITOR)


def hidden(shown: str) -> dict[str, str]:
    """What the first form of a page that may change something carries along."""
    return dict(
        re.findall(r'<input type="hidden" name="(_csrf_token|version)" value="([0-9a-f]+)">', shown)
    )


async def fill(
    client: httpx.AsyncClient, path: str = PAGE, /, lang: str = "vi", **fields: str
) -> httpx.Response:
    """What a browser without scripts does: open the page, type, press a button."""
    shown = await client.get(PAGE, params={"lang": lang})
    typed = {"vi": OTP.vi, "en": OTP.en, "note": "", "do": "publish"} | fields
    return await client.post(path, params={"lang": lang}, data=hidden(shown.text) | typed)


async def said() -> list[tuple[int, str]]:
    return [(each.version, each.vi) for each in await versions.history(OTP)]


async def test_every_wording_has_a_page_in_both_languages(
    client: httpx.AsyncClient, editor: uuid.UUID
) -> None:
    answers = {
        (key, lang): (await client.get(f"/wordings/{key}", params={"lang": lang})).status_code
        for key in TEMPLATES
        for lang in ("vi", "en")
    }

    assert {page: status for page, status in answers.items() if status != 200} == {}


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_an_editor_looks_tries_publishes_and_goes_back_with_forms_alone(
    client: httpx.AsyncClient, editor: uuid.UUID, lang: str
) -> None:
    listed = await client.get("/wordings", params={"lang": lang})
    tried = await fill(client, lang=lang, vi=POLITE, do="preview")
    before = await said()
    published = await fill(client, lang=lang, vi=POLITE, note="lịch sự hơn")
    shown = await client.get(published.headers["location"], params={"lang": lang, "published": "2"})
    back = await fill(client, f"{PAGE}/versions/1/publish", lang=lang)

    assert (listed.status_code, tried.status_code) == (200, 200)
    assert all(f'href="/wordings/{key}"' in listed.text for key in TEMPLATES)
    assert OTP.vi in listed.text and OTP.en in listed.text
    assert "Motcua: kinh gui, ma xac nhan" in tried.text
    assert before == [(1, OTP.vi)]
    assert (published.status_code, back.status_code) == (303, 303)
    assert ("Phiên bản 2 đang dùng" if lang == "vi" else "Version 2 is in force") in shown.text
    assert "lịch sự hơn" in shown.text
    assert await said() == [(3, OTP.vi), (2, POLITE), (1, OTP.vi)]
    newest = (await versions.history(OTP))[0]
    assert (newest.published_by, newest.text_of) == (editor, 1)


@pytest.mark.parametrize(
    ("text", "vietnamese", "english"),
    [
        ("Motcua: {code} <{kode}>", "Không có biến này.", "There is no such variable."),
        (
            "Motcua: ma <{code}> " + "x" * 300,
            "Tin dài nhất vượt quá 2 đoạn SMS.",
            "The longest message has more than 2 segments.",
        ),
        (
            "Motcua: ma <{code}> https://evil.example/a",
            "Liên kết đến nơi không có trong danh sách cho phép.",
            "A link leads where none is allowed to.",
        ),
    ],
    ids=["unknown variable", "three segments", "link elsewhere"],
)
@pytest.mark.parametrize("field", ["vi", "en"])
async def test_what_is_refused_is_said_in_the_editors_language_and_changes_nothing(
    client: httpx.AsyncClient, editor: uuid.UUID, field: str, text: str, vietnamese: str, english: str
) -> None:
    for lang, words in (("vi", vietnamese), ("en", english)):
        refused = await fill(client, lang=lang, **{field: text})

        assert refused.status_code == 422
        # In the list at the head, which leads to the field, at the field and beside how it looks.
        assert f'<a href="#{field}">{words}</a>' in refused.text
        assert refused.text.count(words) == 3
        # What was typed stands there still, as text.
        assert text.replace("<", "&lt;").replace(">", "&gt;") + "</textarea>" in refused.text
        assert "<{" not in refused.text

    assert await fetch_value(KEPT) == 0


async def test_what_somebody_types_is_looked_at_and_kept_nowhere(
    client: httpx.AsyncClient, editor: uuid.UUID
) -> None:
    seen = await fill(client, f"{PAGE}/preview", lang="en", vi="Motcua: mã [{code}] 😀 {kode}", en="")

    assert seen.status_code == 200
    assert "<html" not in seen.text
    assert "Motcua: ma [123456] ? {kode}" in seen.text
    assert "<code>[</code> 1 times 2 units" in seen.text
    assert "There is no such variable. <code>{kode}</code>" in seen.text
    assert "<code>😀</code>" in seen.text
    assert "There is no text." in seen.text
    assert 'id="looks-aloud"' in seen.text
    assert await fetch_value(KEPT) == 0


async def test_a_line_break_in_a_field_is_a_space(client: httpx.AsyncClient, editor: uuid.UUID) -> None:
    answer = await fill(client, vi=POLITE.replace(" {code}", "\r\n{code}\r\n"))

    assert answer.status_code == 303
    assert (await said())[0] == (2, POLITE.replace("{code}.", "{code} ."))


async def test_a_note_that_cannot_be_kept_is_refused_at_its_field(
    client: httpx.AsyncClient, editor: uuid.UUID
) -> None:
    refused = await fill(client, vi=POLITE, note="n" * 201)

    assert refused.status_code == 422
    assert '<a href="#note">Ghi chú dài quá 200 ký tự.</a>' in refused.text
    assert await fetch_value(KEPT) == 0


async def test_who_saw_an_older_version_is_told_and_keeps_what_was_typed(
    client: httpx.AsyncClient, editor: uuid.UUID, now: datetime
) -> None:
    shown = await client.get(PAGE, params={"lang": "en"})
    draft = Draft(OTP.vi, OTP.en + " Thank you.")
    await publish(
        code="otp", draft=draft, hosts=(), expected_version=1, language="vi", officer_id=editor, now=now
    )

    typed = hidden(shown.text) | {"vi": POLITE, "en": OTP.en, "do": "publish"}
    stale = await client.post(PAGE, params={"lang": "en"}, data=typed)
    back = await client.post(f"{PAGE}/versions/1/publish", data=hidden(shown.text))

    assert (stale.status_code, back.status_code) == (409, 409)
    assert "Somebody else published meanwhile" in stale.text
    assert f"{POLITE}</textarea>" in stale.text
    assert draft.en in stale.text
    assert hidden(stale.text)["version"] == "2"
    assert [number for number, _ in await said()] == [2, 1]


async def test_a_button_pressed_twice_publishes_once(client: httpx.AsyncClient, editor: uuid.UUID) -> None:
    shown = await client.get(PAGE)
    typed = hidden(shown.text) | {"vi": f" {POLITE}", "en": OTP.en, "do": "publish"}

    pressed = [await client.post(PAGE, data=typed) for _ in range(2)]

    assert [(each.status_code, each.headers["location"]) for each in pressed] == [
        (303, "/wordings/otp?published=2")
    ] * 2
    assert [number for number, _ in await said()] == [2, 1]


@pytest.mark.parametrize("what", ["no token", "guessed", "not ASCII", "another site", "no site"])
async def test_a_form_of_another_site_changes_nothing(
    client: httpx.AsyncClient, editor: uuid.UUID, what: str
) -> None:
    fields = hidden((await client.get(PAGE)).text) | {"vi": POLITE, "en": OTP.en, "do": "publish"}
    tokens = {"no token": "", "guessed": "0" * 40, "not ASCII": "é"}
    origins = {"another site": "https://evil.example", "no site": "http://["}
    if what in tokens:
        fields["_csrf_token"] = tokens[what]
    headers = {"Origin": origins[what]} if what in origins else {}

    for path in (PAGE, f"{PAGE}/preview", f"{PAGE}/versions/1/publish", f"{PAGE}/hold", f"{PAGE}/let-go"):
        answer = await client.post(path, data=fields | {"reason": "a test"}, headers=headers)
        assert answer.status_code == 403

    assert await fetch_value(KEPT) == 0
    assert await holds.holds() == []


@pytest.mark.parametrize("who", EVERYBODY)
async def test_every_way_of_the_page_is_tried_as_everybody(
    client: httpx.AsyncClient, sit_down: SitDown, who: str
) -> None:
    callers = EVERYBODY[who]
    if callers:
        await sit_down(*callers)
    officer = bool(callers) and AUDIENCE_OF[callers[0]] is Audience.STAFF
    token = hidden((await client.get("/console/sign-in")).text)
    typed = token | {"version": "1", "vi": POLITE, "en": OTP.en, "do": "publish", "reason": "a test"}

    answers = {}
    for method, path in ROUTES:
        url = path.replace("{key:str}", "otp").replace("{version:int}", "1")
        data = typed if method == "POST" else None
        answers[method, path] = await client.request(method, url, data=data)

    for (method, path), answer in answers.items():
        if set(callers) & (READERS if method == "GET" else {Caller.MESSAGE_EDITOR}):
            # An older text is said again after the one that was typed: the version that was seen is not it.
            assert answer.status_code in {200, 303, 409}, (method, path, answer.text)
            assert "sign-in" not in answer.headers.get("location", "")
        elif officer:
            assert answer.status_code == 403, (method, path)
        elif path.endswith("/preview"):
            assert answer.status_code == 401
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")
    assert bool(await fetch_value(KEPT)) is (Caller.MESSAGE_EDITOR in callers)
    assert bool(await journal.about("otp")) is (Caller.MESSAGE_EDITOR in callers)


def test_no_way_of_the_page_is_forgotten() -> None:
    written = {
        (str(method), path)
        for handler in wordings_handlers
        for path in handler.paths
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    }

    assert written == set(ROUTES)


@pytest.mark.parametrize("caller", [Caller.MONITOR, Caller.CENTRE_LEADER])
async def test_who_only_reads_is_shown_no_form(
    client: httpx.AsyncClient, sit_down: SitDown, caller: Caller, now: datetime
) -> None:
    tuan = await sit_down(caller)
    draft = Draft(POLITE, OTP.en)
    await publish(
        code="otp", draft=draft, hosts=(), expected_version=1, language="vi", officer_id=tuan, now=now
    )
    await holds.hold(scope="template:otp", reason="a test", officer_id=tuan, now=now)

    shown = await client.get(PAGE, params={"lang": "en"})

    assert OTP.vi in shown.text and POLITE in shown.text and "1 segment" in shown.text
    # There is an older one to say again and a hold to let go, and the one form is the sign-out.
    assert re.findall(r'<form method="post" action="([^"]+)"', shown.text) == ["/console/sign-out"]
    assert "<textarea" not in shown.text


async def test_what_is_held_back_is_seen_with_why(
    client: httpx.AsyncClient, editor: uuid.UUID, now: datetime
) -> None:
    before = await client.get("/wordings", params={"lang": "en"})
    await holds.hold(scope="template:otp", reason="a <wrong> word", officer_id=editor, now=now)
    after = await client.get("/wordings", params={"lang": "en"})
    one = await client.get(PAGE, params={"lang": "en"})
    other = await client.get("/wordings/ticket_called", params={"lang": "en"})

    assert before.text.count("Held back") == 0
    assert after.text.count("Held back") == 1
    assert "a &lt;wrong&gt; word" in one.text and "0 messages wait" in one.text
    assert "Held back" not in other.text


async def test_an_editor_holds_a_wording_back_and_lets_it_go(
    client: httpx.AsyncClient, editor: uuid.UUID
) -> None:
    nameless = await fill(client, f"{PAGE}/hold", lang="en", reason=" ")
    held = await fill(client, f"{PAGE}/hold", reason="sai số điện thoại")
    while_held = await holds.holds()
    shown = await client.get(PAGE)
    gone = await fill(client, f"{PAGE}/let-go")

    assert nameless.status_code == 422
    assert '<a href="#reason">The reason has to be one line of text.</a>' in nameless.text
    assert (held.status_code, gone.status_code) == (303, 303)
    assert [(each.scope, each.reason, each.held_by) for each in while_held] == [
        ("template:otp", "sai số điện thoại", editor)
    ]
    assert "sai số điện thoại" in shown.text
    assert await holds.holds() == []


async def test_what_is_no_wording_is_not_found(client: httpx.AsyncClient, editor: uuid.UUID) -> None:
    token = hidden((await client.get(PAGE)).text)

    nothing = "/wordings/nothing"
    for path in (
        nothing,
        f"{nothing}/preview",
        f"{nothing}/hold",
        f"{nothing}/let-go",
        f"{PAGE}/versions/9/publish",
    ):
        answer = await client.post(path, data=token | {"do": "publish", "reason": "a test"})
        assert answer.status_code == 404
    assert (await client.get("/wordings/nothing")).status_code == 404


async def test_an_editor_who_signs_in_is_led_here(
    client: httpx.AsyncClient,
    place: Place,  # noqa: F811
    now: datetime,
) -> None:
    facts: dict[str, Any] = {"username": "tuan", "password": "some-password"}
    await identity.enrol_officer(
        officer_id=uuid.uuid4(),
        centre_id=place.centre_id,
        roles=[Caller.MESSAGE_EDITOR],
        now=now,
        **facts,
    )
    assert (await client.post("/v1/auth/staff", json=facts)).status_code == 200

    answer = await client.get("/console")

    assert (answer.status_code, answer.headers["location"]) == (303, "/wordings")
