"""Stores of papers behind the same gateway: the person's national store (KHO), and those of ministries.

`POST {gateway}/papers/{store}`; a store is named as the catalogue names it (`reusable_from` of a paper).
Which of them the gateway leads to is the operator's to say: `MOTCUA_REGISTRIES_PAPERS`.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime
from typing import Final

import httpx
import msgspec

from app.core.clock import current_time, local_date
from app.core.errors import Unavailable, Words
from app.dossiers.registries import Held
from app.procedures.queries import PaperRow
from app.settings import EMULATED, RegistriesSettings, Settings
from partners.breaker import Breaker
from partners.registries.gateway import TIMEOUT_S, Gateway, read_record
from partners.registries.port import Purpose, RegistryUnavailable

DAY: Final = "%Y%m%d"


class PaperStoreUnavailable(Unavailable):
    """The store does not answer now; the paper is asked for as before."""

    code = "paper_store_unavailable"
    detail = Words("Kho giấy tờ chưa trả lời.", "The store of papers does not answer.")


class _Paper(msgspec.Struct):
    """`ThuTu` is the place of the paper asked for; days are `yyyyMMdd`, empty when there is none."""

    ThuTu: int
    MaKetQua: str
    TenGiayTo: str
    MaLuuTru: str
    NgayCap: str = ""
    NgayHetHan: str = ""


class _Papers(msgspec.Struct):
    GiayTo: list[_Paper]


class HttpPaperStore:
    """One store; asked with a person's number, why, and which papers, and told only of those."""

    def __init__(
        self,
        source: str,
        client: httpx.AsyncClient,
        settings: RegistriesSettings,
        *,
        breaker: Breaker | None = None,
        clock: Callable[[], datetime] = current_time,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.source = source
        self._gateway = Gateway(client, settings, timeout_s=timeout_s)
        self._breaker = breaker or Breaker(f"papers {source}")
        self._clock = clock

    async def find(self, *, citizen_number: str, papers: Sequence[tuple[int, PaperRow]]) -> Sequence[Held]:
        """What it holds that is still valid. Raises `PaperStoreUnavailable`."""
        if self._breaker.wait() is not None:
            raise PaperStoreUnavailable
        try:
            held = await self._ask(citizen_number, papers)
        except RegistryUnavailable:
            self._breaker.failed()
            raise PaperStoreUnavailable from None
        self._breaker.succeeded()
        today = local_date(self._clock())
        asked = {place for place, _ in papers}
        return [
            each
            for each in held
            if each.component in asked and (each.valid_until is None or each.valid_until >= today)
        ]

    async def _ask(self, citizen_number: str, papers: Sequence[tuple[int, PaperRow]]) -> list[Held]:
        answer = await self._gateway.ask(
            f"papers/{self.source}",
            {
                "SoDinhDanh": citizen_number,
                "MucDich": Purpose.REUSE.value,
                "GiayTo": [
                    {
                        "ThuTu": place,
                        "MaGiayTo": paper.code or "",
                        "MaKetQua": paper.replaced_by or "",
                        "TenGiayTo": paper.name_vi,
                    }
                    for place, paper in papers
                ],
            },
        )
        if answer is None or not answer.found:
            return []
        return [_held(each) for each in read_record(answer.data, _Papers).GiayTo]


def _held(paper: _Paper) -> Held:
    return Held(
        paper.ThuTu,
        paper.MaKetQua,
        paper.TenGiayTo,
        paper.MaLuuTru,
        _day(paper.NgayCap),
        _day(paper.NgayHetHan),
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, DAY).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise RegistryUnavailable("a day that never was") from None


@contextlib.asynccontextmanager
async def open_paper_stores(settings: Settings) -> AsyncIterator[list[HttpPaperStore]]:
    """The stores of the settings; none without a gateway, or with an emulator nobody started."""
    configured = settings.registries
    if configured is None or configured.url == EMULATED:
        yield []
        return
    async with httpx.AsyncClient(trust_env=False) as client:
        yield [HttpPaperStore(source, client, configured) for source in configured.paper_stores]
