"""The four registries over HTTP, behind one gateway of the province.

`POST {gateway}/{registry}` with a bearer token and JSON; keys travel in the body, never in a URL. The
shapes are assumed (docs/registries.md): each stands in one class, and nothing outside this file knows them.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

import httpx
import msgspec

from app.core.citizen_numbers import validate_citizen_number
from app.core.tax_codes import read_tax_code
from app.core.text import fold
from app.settings import RegistriesSettings
from partners.registries.port import (
    Purpose,
    Question,
    Registry,
    RegistrySource,
    RegistryUnavailable,
    Verdict,
)

TIMEOUT_S: Final = 3.0
LONGEST_ANSWER: Final = 200_000
ACTIVE: Final = "DANG_HOAT_DONG"


class _Answer(msgspec.Struct):
    """`found` is false for a key the registry does not hold; `data` is the registry's own record."""

    found: bool
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Person(msgspec.Struct):
    HoVaTen: str


class _Business(msgspec.Struct):
    TenDoanhNghiep: str
    TrangThai: str


class _Insured(msgspec.Struct):
    HoTen: str
    TrangThai: str


class _Holdings(msgspec.Struct):
    ChuSuDungDat: list[str]


class _HttpSource:
    """What the four have in common: one question, one answer, little time."""

    registry: ClassVar[Registry]
    key_field: ClassVar[str] = "SoDinhDanh"
    record: ClassVar[type[msgspec.Struct]]

    def __init__(
        self, client: httpx.AsyncClient, settings: RegistriesSettings, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._client = client
        self._url = f"{settings.url.rstrip('/')}/{self.registry}"
        self._headers = {"Authorization": f"Bearer {settings.token}"}
        self._timeout_s = timeout_s

    def read_key(self, key: str) -> str:
        """The key as the registry writes it; raises `ValueError`."""
        return validate_citizen_number(key)

    def agrees(self, record: Any, name: str) -> bool:
        raise NotImplementedError

    async def check(self, question: Question, *, purpose: Purpose) -> Verdict:
        try:
            key = self.read_key(question.key)
        except ValueError:
            return Verdict.REFUSED
        answer = await self._ask({self.key_field: key, "MucDich": purpose.value})
        if answer is None:
            return Verdict.REFUSED
        if not answer.found:
            return Verdict.NOT_FOUND
        try:
            record = msgspec.json.decode(answer.data, type=self.record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RegistryUnavailable("a record of another shape") from None
        return Verdict.MATCH if self.agrees(record, question.name) else Verdict.MISMATCH

    async def knock(self) -> None:
        await self._ask({self.key_field: "", "MucDich": ""})

    async def _ask(self, body: dict[str, str]) -> _Answer | None:
        """None: the registry takes the key for none (422)."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.post(self._url, json=body, headers=self._headers)
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                return None
            if answer.status_code != httpx.codes.OK or len(answer.content) > LONGEST_ANSWER:
                raise RegistryUnavailable(f"HTTP {answer.status_code}")
            return msgspec.json.decode(answer.content, type=_Answer)
        except (httpx.HTTPError, msgspec.DecodeError, UnicodeDecodeError, TimeoutError, OSError) as reason:
            # Its text may quote what was sent; its kind says enough.
            raise RegistryUnavailable(type(reason).__name__) from None


class Population(_HttpSource):
    """Whose a personal number is."""

    registry = Registry.POPULATION
    record = _Person

    def agrees(self, record: _Person, name: str) -> bool:
        return same_name(record.HoVaTen, name)


class Business(_HttpSource):
    """An enterprise or a household business by its tax code: its name, and that it still works."""

    registry = Registry.BUSINESS
    key_field = "MaSoThue"
    record = _Business

    def read_key(self, key: str) -> str:
        return read_tax_code(key).text

    def agrees(self, record: _Business, name: str) -> bool:
        return record.TrangThai == ACTIVE and same_name(record.TenDoanhNghiep, name)


class Insurance(_HttpSource):
    """Whether somebody is insured."""

    registry = Registry.INSURANCE
    record = _Insured

    def agrees(self, record: _Insured, name: str) -> bool:
        return record.TrangThai == ACTIVE and same_name(record.HoTen, name)


class Land(_HttpSource):
    """Whether somebody is among those who hold land under this number."""

    registry = Registry.LAND
    record = _Holdings

    def agrees(self, record: _Holdings, name: str) -> bool:
        return any(same_name(holder, name) for holder in record.ChuSuDungDat)


SOURCES: Final[tuple[Callable[..., RegistrySource], ...]] = (Population, Business, Insurance, Land)


def same_name(theirs: str, ours: str) -> bool:
    """Names are typed with and without marks, and in capitals."""
    return fold(theirs) == fold(ours)
