"""The catalogue as anybody reads it."""

import unicodedata
import uuid
from datetime import date, datetime

import httpx
import pytest

from app.core.operation import operation
from app.http.lists import cursor_of
from app.procedures import steps
from app.procedures.queries import searchable
from app.sample import catalogue, files
from tests import remembered

ON = "2026-11-25"
# A position no page ever ended at: a rank PostgreSQL's integer cannot hold.
HUGE = cursor_of([2**63 - 1, "a", "b"])


@pytest.fixture(autouse=True)
async def sample(client: httpx.AsyncClient, now: datetime) -> None:
    assert client is not None
    await remembered.catalogue(now)


async def found(client: httpx.AsyncClient, **params: str) -> list[str]:
    answer = await client.get("/v1/procedures", params={"on": ON, "limit": "100"} | params)
    assert answer.status_code == 200, answer.text
    return [item["code"] for item in answer.json()["items"]]


async def test_a_search_ignores_diacritics(client: httpx.AsyncClient) -> None:
    assert await found(client, q="dang ky ket hon") == ["1.000894"]
    assert await found(client, q="Đăng ký kết hôn") == ["1.000894"]
    assert await found(client, q="ĐĂNG KÝ KẾT HÔN") == ["1.000894"]


async def test_a_search_takes_letters_as_apple_devices_send_them(
    client: httpx.AsyncClient,
) -> None:
    assert await found(client, q=unicodedata.normalize("NFD", "kết hôn")) == await found(
        client, q="kết hôn"
    )


async def test_every_word_must_occur_in_any_order(client: httpx.AsyncClient) -> None:
    assert await found(client, q="ban sao chung thuc") == ["2.000815"]
    assert await found(client, q="chung thuc khai sinh") == []


@operation
async def two_names_that_differ_in_their_marks() -> None:
    entry = next(e for e in files.procedures().procedures if e.code == "1.000894")
    stored = next(catalogue.rows_of(entry))
    await steps.put_procedures(
        stored._replace(
            id=uuid.uuid4(),
            key=uuid.uuid4(),
            code=code,
            name_vi=name,
            folded=searchable(name, "", code),
            valid_from=date(2026, 1, 1),
            valid_to=None,
        )
        for code, name in (("8.000001", "Cấp thẻ mẫu"), ("8.000002", "Cấp thẻ màu"))
    )


async def test_the_spelling_that_was_typed_comes_first(client: httpx.AsyncClient) -> None:
    await two_names_that_differ_in_their_marks()

    assert (await found(client, q="thẻ màu"))[:2] == ["8.000002", "8.000001"]
    assert (await found(client, q="thẻ mẫu"))[:2] == ["8.000001", "8.000002"]
    assert sorted(await found(client, q="the mau")) == ["8.000001", "8.000002"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "%%%", "a%b", "'; DROP TABLE procedure; --"])
async def test_a_wildcard_means_itself(client: httpx.AsyncClient, q: str) -> None:
    assert await found(client, q=q) == []


async def test_a_null_character_is_refused_and_nothing_breaks(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/procedures", params={"q": "a\x00b"})

    assert answer.status_code == 422
    assert answer.json()["code"] == "forbidden_character"


async def test_a_sector_narrows_the_list(client: httpx.AsyncClient) -> None:
    assert await found(client, sector="chung_thuc") == ["2.000815", "2.000884"]
    assert await found(client, sector="no_such_sector") == []


async def test_pages_follow_each_other_without_repeating_or_missing(
    client: httpx.AsyncClient,
) -> None:
    whole = await found(client)
    seen: list[str] = []
    url = f"/v1/procedures?on={ON}&limit=7"
    while url:
        answer = await client.get(url)
        seen += [item["code"] for item in answer.json()["items"]]
        link = answer.headers.get("link", "")
        assert bool(link) == (answer.json()["next_cursor"] is not None)
        url = link.partition(">")[0].removeprefix("<")

    assert seen == whole
    assert len(set(seen)) == 40


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "bnVsbA", "é", "eyJhIjoxfQ", HUGE])
async def test_a_cursor_of_somebody_elses_making_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/v1/procedures", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["code"] == "cursor_not_valid"


async def test_a_procedure_tells_everything_a_citizen_asks(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/v1/procedures/2.001263?on={ON}")
    view = answer.json()

    assert answer.status_code == 200
    assert view["name_vi"] == "Đăng ký việc nuôi con nuôi trong nước"
    assert view["name_en"] == "Domestic adoption"
    assert view["fee"]["amount_vnd"] == 400_000
    assert "cha dượng" in view["fee"]["exemptions_vi"]
    assert view["processing"] == {"value": 30, "unit": "calendar_day", "verified": False}
    assert view["presence_required"] is True
    assert view["presence"] == "both_parties"
    assert view["intake_modes"] == ["counter_paper"]
    assert view["home_collection"] is False
    assert view["home_delivery"] is True
    assert view["handling_minutes"]["p50"] == 45
    assert [paper["what_to_bring_en"] for paper in view["papers"]]


async def test_paper_intake_stops_on_the_first_of_october_2025(client: httpx.AsyncClient) -> None:
    before = (await client.get("/v1/procedures/1.004194?on=2025-09-30")).json()
    after = (await client.get("/v1/procedures/1.004194?on=2025-10-01")).json()

    assert before["intake_modes"] == ["counter_paper", "home_paper"]
    assert before["home_collection"] is True
    assert after["intake_modes"] == ["assisted_online", "home_assisted_online"]
    assert after["home_collection"] is False
    assert after["paperless"] is True


async def test_a_procedure_exists_only_from_its_first_day(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/procedures/1.014027?on=2025-06-30")).status_code == 404
    assert (await client.get("/v1/procedures/1.014027?on=2025-07-01")).status_code == 200


async def test_a_household_business_moved_from_the_district_to_the_commune(
    client: httpx.AsyncClient,
) -> None:
    before = (await client.get("/v1/procedures/1.001612?on=2022-03-01")).json()
    after = (await client.get(f"/v1/procedures/1.001612?on={ON}")).json()

    assert (before["level"], after["level"]) == ("district", "commune")


@pytest.mark.parametrize("code", ["1.999999", "x", "1.000894 ", "%00", "1.０00894"])
async def test_an_unknown_code_is_not_found(client: httpx.AsyncClient, code: str) -> None:
    answer = await client.get(f"/v1/procedures/{code}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_client_that_has_it_already_gets_304(client: httpx.AsyncClient) -> None:
    first = await client.get(f"/v1/procedures/1.001193?on={ON}")
    again = await client.get(
        f"/v1/procedures/1.001193?on={ON}", headers={"If-None-Match": first.headers["etag"]}
    )

    assert first.headers["etag"].startswith('"')
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_day_that_is_no_day_is_a_problem(client: httpx.AsyncClient) -> None:
    for bad in ("yesterday", "2026-02-30", "20261125x", ""):
        answer = await client.get("/v1/procedures", params={"on": bad})
        assert answer.status_code in {400, 422}, bad
        assert answer.headers["content-type"] == "application/problem+json"
