"""The four registries behind the gateway. The shapes are assumed (docs/registries.md): each stands in one
class, and nothing outside this file knows them.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final

import httpx
import msgspec

from app.core.citizen_numbers import validate_citizen_number
from app.core.tax_codes import read_tax_code
from app.core.text import fold
from app.settings import RegistriesSettings
from partners.registries.gateway import TIMEOUT_S, Gateway, read_record
from partners.registries.port import (
    Purpose,
    Question,
    Registry,
    RegistrySource,
    Verdict,
)

ACTIVE: Final = "DANG_HOAT_DONG"


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
        self._gateway = Gateway(client, settings, timeout_s=timeout_s)

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
        answer = await self._gateway.ask(self.registry, {self.key_field: key, "MucDich": purpose.value})
        if answer is None:
            return Verdict.REFUSED
        if not answer.found:
            return Verdict.NOT_FOUND
        record = read_record(answer.data, self.record)
        return Verdict.MATCH if self.agrees(record, question.name) else Verdict.MISMATCH

    async def knock(self) -> None:
        await self._gateway.ask(self.registry, {self.key_field: "", "MucDich": ""})


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
