"""An editor looks, previews, publishes and goes back, over HTTP."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.http.principals import Caller
from notifications.templates import TEMPLATES

PATH = "/v1/staff/message-templates"
OTP = TEMPLATES["otp"]

SignIn = Callable[..., Awaitable[Any]]


@pytest.fixture
async def editor(sign_in: SignIn) -> dict[str, str]:
    signed_in = await sign_in(Caller.MESSAGE_EDITOR, centre_id=uuid.uuid4())
    headers: dict[str, str] = signed_in.headers
    return headers


def writing(headers: dict[str, str], version: int) -> dict[str, str]:
    return headers | {"Idempotency-Key": str(uuid.uuid4()), "If-Match": f'"{version}"'}


async def test_an_editor_publishes_looks_and_goes_back(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    before = await client.get(f"{PATH}/otp", headers=editor)
    body = {"vi": OTP.vi + " Xin cảm ơn.", "en": OTP.en, "note": "lịch sự hơn"}
    key = writing(editor, 1)
    made = await client.post(f"{PATH}/otp/versions", json=body, headers=key)
    replay = await client.post(f"{PATH}/otp/versions", json=body, headers=key)
    stale = await client.post(f"{PATH}/otp/versions", json=body, headers=writing(editor, 1))
    back = await client.post(
        f"{PATH}/otp/versions/1/publish", json={"note": "như cũ"}, headers=writing(editor, 2)
    )
    after = await client.get(f"{PATH}/otp", headers=editor)

    assert (before.headers["etag"], made.headers["etag"], after.headers["etag"]) == ('"1"', '"2"', '"3"')
    assert [each["source"] for each in before.json()["versions"]] == ["program"]
    assert made.status_code == 201 and made.json() == replay.json()
    assert replay.headers["idempotent-replayed"] == "true"
    assert stale.status_code == 412
    assert back.status_code == 201 and back.json()["text_of"] == 1
    told = after.json()
    assert [(each["version"], each["note"]) for each in told["versions"]] == [
        (3, "như cũ"),
        (2, "lịch sự hơn"),
        (1, ""),
    ]
    assert told["versions"][0]["vi"] == OTP.vi
    assert told["variables"] == [{"name": "code", "longest": 6, "sample": "123456"}]


async def test_a_preview_counts_what_would_leave_and_says_what_is_wrong(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    asked = {"key": "otp", "locale": "vi", "text": "Motcua: mã {code} [1]", "values": {"code": "654321"}}
    good = await client.post(f"{PATH}/preview", json=asked, headers=editor)
    wrong = asked | {"text": "Motcua: {place} 😀", "values": {"code": "evil.example"}}
    in_english = await client.post(
        f"{PATH}/preview", json=wrong, headers=editor | {"Accept-Language": "en"}
    )
    in_vietnamese = await client.post(f"{PATH}/preview", json=wrong, headers=editor)

    assert good.status_code == 200
    assert good.json() == {
        "rendered": "Motcua: mã 654321 [1]",
        "folded": "Motcua: ma 654321 [1]",
        "encoding": "GSM-7",
        "characters": 21,
        # Brackets are two septets each.
        "units": 23,
        "segments": 1,
        "longest_segments": 1,
        "longest_segments_in_force": 1,
        "publishable": True,
        "problems": [],
        "value_problems": [],
    }
    problems = in_english.json()["problems"]
    assert [each["code"] for each in problems] == [
        "variable_of_another_template",
        "variable_missing",
        "not_foldable",
    ]
    assert problems[1] == {
        "code": "variable_missing",
        "detail": "The variable code is missing.",
        "variable": "code",
    }
    assert in_english.json()["publishable"] is False
    assert in_english.json()["folded"] == "Motcua: {place} ?"
    assert {each["code"] for each in in_english.json()["value_problems"]} == {
        "value_too_long",
        "value_with_link",
    }
    assert in_vietnamese.json()["problems"][1]["detail"] == "Thiếu biến code."


async def test_a_refused_wording_names_every_reason_in_the_editors_language(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    body = {"vi": "Motcua: mã {code} tại https://evil.example", "en": "Motcua: {kode}"}

    refused = await client.post(f"{PATH}/otp/versions", json=body, headers=writing(editor, 1))

    assert refused.status_code == 422
    assert refused.json()["code"] == "wording_not_valid"
    assert [(each["pointer"], each["code"], each["detail"]) for each in refused.json()["errors"]] == [
        ("/vi", "link_not_allowed", "Liên kết đến nơi không có trong danh sách cho phép."),
        ("/en", "unknown_variable", "Không có biến này."),
        ("/en", "variable_missing", "Thiếu biến code."),
    ]
    assert "evil" not in refused.text and "kode" not in refused.text


async def test_a_link_to_our_own_pages_may_be_said(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    body = {"vi": "Motcua: mã {code}. http://motcua.test/a", "en": "Motcua: {code}. dichvucong.gov.vn"}

    made = await client.post(f"{PATH}/otp/versions", json=body, headers=writing(editor, 1))

    assert made.status_code == 201, made.text


async def test_every_template_is_listed_with_what_fills_it(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    listed = await client.get(PATH, headers=editor)

    assert [each["key"] for each in listed.json()["items"]] == sorted(TEMPLATES)
    for each in listed.json()["items"]:
        template = TEMPLATES[each["key"]]
        assert {row["name"]: row["longest"] for row in each["variables"]} == template.longest
        assert (each["version"], each["paused"]) == (template.version, False)


@pytest.mark.parametrize(
    ("path", "body", "extra", "status"),
    [
        (f"{PATH}/nothing/versions", {"vi": "a", "en": "b"}, {"If-Match": '"1"'}, 404),
        (f"{PATH}/otp/versions/9/publish", {}, {"If-Match": '"1"'}, 404),
        (f"{PATH}/otp/versions", {"vi": OTP.vi, "en": OTP.en}, {}, 428),
        (f"{PATH}/otp/versions", {"vi": OTP.vi}, {"If-Match": '"1"'}, 422),
        (f"{PATH}/otp/versions", {"vi": OTP.vi, "en": OTP.en, "x": 1}, {"If-Match": '"1"'}, 422),
        (f"{PATH}/otp/versions", {"vi": OTP.vi, "en": OTP.en, "note": "a\u0007"}, {"If-Match": '"1"'}, 422),
        (f"{PATH}/preview", {"key": "nothing", "locale": "vi", "text": ""}, {}, 404),
        (f"{PATH}/preview", {"key": "otp", "locale": "fr", "text": ""}, {}, 422),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    client: httpx.AsyncClient,
    editor: dict[str, str],
    path: str,
    body: dict[str, Any],
    extra: dict[str, str],
    status: int,
) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}

    answer = await client.post(path, json=body, headers=editor | key | extra)

    assert answer.status_code == status, answer.text


async def test_a_publication_needs_a_key(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    headers = editor | {"If-Match": '"1"'}

    answer = await client.post(f"{PATH}/otp/versions", json={"vi": OTP.vi, "en": OTP.en}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize("caller", [Caller.MONITOR, Caller.CENTRE_LEADER, Caller.CALENDAR_EDITOR])
async def test_others_look_at_most(client: httpx.AsyncClient, sign_in: SignIn, caller: Caller) -> None:
    who = await sign_in(caller, centre_id=uuid.uuid4())

    seen = await client.get(f"{PATH}/otp", headers=who.headers)
    made = await client.post(
        f"{PATH}/otp/versions", json={"vi": OTP.vi, "en": OTP.en}, headers=writing(who.headers, 1)
    )

    assert seen.status_code == (403 if caller is Caller.CALENDAR_EDITOR else 200)
    assert made.status_code == 403
