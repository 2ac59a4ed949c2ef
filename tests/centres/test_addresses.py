"""What people still write as their address, and which commune that is now."""

import unicodedata
from typing import Any

import httpx
import pytest

from app.core.clock import machine_time
from tests import remembered


@pytest.fixture
async def province(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await remembered.catalogue(machine_time())
    return client


async def read(http: httpx.AsyncClient, text: str, **more: str) -> list[dict[str, Any]]:
    answer = await http.get("/v1/communes", params={"text": text} | more)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


OLD = "Thôn Thiện Hối, xã Gia Tân, huyện Gia Viễn, tỉnh Ninh Bình"


@pytest.mark.parametrize(
    "text",
    [
        OLD,
        "xa gia tan, huyen gia vien",
        "X.Gia Tân, H. Gia Viễn",
        "Gia Tân",
        unicodedata.normalize("NFD", OLD),
        OLD.upper(),
    ],
)
async def test_an_old_address_in_a_divided_commune_is_a_question(
    province: httpx.AsyncClient, text: str
) -> None:
    [found] = await read(province, text)

    assert (found["then"]["name_vi"], found["then"]["valid_to"]) == ("Xã Gia Tân", "2025-06-30")
    assert [unit["name_vi"] for unit in found["belonged_to"]] == ["Huyện Gia Viễn", "Tỉnh Ninh Bình"]
    assert found["now"] is None
    assert [unit["name_vi"] for unit in found["candidates"]] == ["Xã Gia Vân", "Phường Tây Hoa Lư"]


async def test_one_that_went_whole_is_converted(province: httpx.AsyncClient) -> None:
    [found] = await read(province, "Xóm 4, xã Trường Yên, huyện Hoa Lư")

    assert (found["now"]["code"], found["now"]["name_vi"]) == ("14533", "Phường Tây Hoa Lư")
    assert found["candidates"] == []


async def test_the_district_tells_which_of_two_of_a_name_is_meant(province: httpx.AsyncClient) -> None:
    """Xã Gia Trấn stands in huyện Gia Viễn until 2025, and in the province since."""
    both = await read(province, "xã Gia Trấn")
    [old] = await read(province, "xã Gia Trấn, huyện Gia Viễn")

    assert [found["then"]["valid_from"] for found in both] == ["2025-07-01", "2020-01-01"]
    assert old["then"]["valid_from"] == "2020-01-01"
    assert old["now"]["valid_from"] == "2025-07-01"


async def test_on_a_day_of_2022_it_is_what_it_was(province: httpx.AsyncClient) -> None:
    [found] = await read(province, OLD, on="2022-03-15")

    assert found["now"] == found["then"]


@pytest.mark.parametrize("text", ["xã Không Có", ", , ,", "%%", "xã", "Gia Viễn"])
async def test_what_names_no_commune_finds_none(province: httpx.AsyncClient, text: str) -> None:
    assert await read(province, text) == []


@pytest.mark.parametrize("text", ["x", "x" * 201, "a\x00b"])
async def test_what_cannot_be_an_address_is_refused(province: httpx.AsyncClient, text: str) -> None:
    answer = await province.get("/v1/communes", params={"text": text})

    assert answer.status_code in {400, 422}
