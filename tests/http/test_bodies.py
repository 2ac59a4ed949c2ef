"""What a body may not be: each line of the table in the security notes, over HTTP."""

import json
from typing import Literal

import httpx
import msgspec
import pytest

from app.core.database import DB
from app.http import body
from app.http.body import InvalidValue

URL = "/v1/auth/otp"
JSON = {"Content-Type": "application/json"}
GOOD = '{"phone": "0912 345 678", "purpose": "sign_in"}'


async def rows() -> int:
    assert DB.pool is not None
    return int(await DB.pool.fetchval("SELECT count(*) FROM otp_challenge"))


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"phone": "\xff\xfe", "purpose": "x"}', 400),
        (b"[" * 40_000 + b"]" * 40_000, 400),
        (b'{"phone": "0912345678", "phone": "0912345679", "purpose": "x"}', 400),
        (b'{"phone": "0912345678", "purpose": NaN}', 400),
        (b'{"phone": "0912345678", "purpose": ', 400),
        (b'{"phone": "0912\\u0000345678", "purpose": "x"}', 422),
        (b'{"phone": "\\ud800", "purpose": "x"}', 422),
        (b'{"phone": "0912345678", "purpose": "x", "more": 1}', 422),
        (b'{"phone": 912345678, "purpose": "x"}', 422),
        (b'{"phone": "0912345678"}', 422),
        (b'{"phone": null, "purpose": "x"}', 422),
        (b"null", 422),
        (b"[]", 422),
        (b"", 400),
    ],
)
async def test_a_bad_body_is_a_problem_and_changes_nothing(
    client: httpx.AsyncClient, raw: bytes, status: int
) -> None:
    answer = await client.post(URL, content=raw, headers=JSON)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] and problem["title"]
    assert "0912345678" not in answer.text
    assert await rows() == 0


def test_a_value_outside_a_list_of_words_is_not_echoed() -> None:
    class Choice(msgspec.Struct):
        role: Literal["first", "second"]

    with pytest.raises(InvalidValue) as refused:
        body.decode(b'{"role": "Nguy\xe1\xbb\x85n - at `$.role`\\n0912345678"}', Choice)

    (error,) = refused.value.told_facts["errors"]
    assert error == {"pointer": "/role", "code": "invalid_value", "detail": "Invalid enum value"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_only_plain_json_is_read(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post(URL, content=GOOD.encode(), headers=headers)

    assert answer.status_code == 415, answer.text
    assert await rows() == 0


async def test_a_body_over_the_limit_is_413(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        URL, content=json.dumps({"phone": "0" * 400_000, "purpose": "x"}), headers=JSON
    )

    assert answer.status_code == 413, answer.text


@pytest.mark.parametrize(
    ("language", "words"), [("vi", "Không đọc được yêu cầu."), ("en", "The request cannot be read.")]
)
async def test_a_problem_speaks_the_callers_language(
    client: httpx.AsyncClient, language: str, words: str
) -> None:
    answer = await client.post(URL, content=b"{", headers=JSON | {"Accept-Language": f"{language};q=0.9"})

    assert answer.json()["detail"] == words
    assert answer.headers["content-language"] == language


@pytest.mark.parametrize(
    "spelling",
    [
        "{00000000-0000-7000-8000-000000000001}",
        "urn:uuid:00000000-0000-7000-8000-000000000001",
        "00000000000070008000000000000001",
        "0000000A-0000-7000-8000-000000000001",
    ],
)
async def test_another_spelling_of_an_id_names_nothing(client: httpx.AsyncClient, spelling: str) -> None:
    answer = await client.post(f"/v1/auth/otp/{spelling}/verify", json={"code": "123456"})

    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE"])
async def test_an_unknown_method_is_405(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, URL)).status_code == 405


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/nothing-here")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
