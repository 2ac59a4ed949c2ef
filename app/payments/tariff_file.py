"""A tariff as a file: read strictly, written by an operator with the decision in hand (docs/tariffs.md)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec

from app.http import body as strict
from app.http.body import InvalidValue, ShortText, served_day
from app.payments.rules import MOST_VND, Purse
from app.payments.tariffs import Decided, Exempt, Price

Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z._\-]{1,40}$(?!\n)")]


class PriceEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`up_to_km` null is any farther; every leg has one such price."""

    up_to_km: Annotated[int, msgspec.Meta(ge=1, le=2_000)] | None
    amount_vnd: Annotated[int, msgspec.Meta(ge=0, le=MOST_VND)]


class ExemptionEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Of a sector or a procedure; `by_proof` frees those alone who show the paper of the group."""

    code: Code
    purse: Purse
    sector: Code | None = None
    procedure_code: Code | None = None
    by_proof: bool
    name_vi: ShortText
    name_en: ShortText


Prices = Annotated[list[PriceEntry], msgspec.Meta(min_length=1, max_length=100)]


class TariffFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Each part replaces the whole one before it from `valid_from` on; a part left out stays as it is."""

    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    decision: Annotated[str, msgspec.Meta(min_length=3, max_length=100)]
    valid_from: date
    valid_to: date | None = None
    collection: Prices | None = None
    delivery: Prices | None = None
    exemptions: Annotated[list[ExemptionEntry], msgspec.Meta(max_length=1000)] | None = None


def read(content: bytes) -> Decided:
    """What a file says; raises a `Refusal` that names the place where it is wrong."""
    said: TariffFile = strict.decode(content, TariffFile)
    served_day(said.valid_from)
    if said.valid_to is not None and said.valid_to < said.valid_from:
        raise _wrong("/valid_to", "before valid_from")
    return Decided(
        said.decision,
        said.valid_from,
        said.valid_to,
        _prices("/collection", said.collection),
        _prices("/delivery", said.delivery),
        _exemptions(said.exemptions),
    )


def _prices(pointer: str, entries: Sequence[PriceEntry] | None) -> list[Price] | None:
    if entries is None:
        return None
    *near, far = [entry.up_to_km for entry in entries]
    reached = [km for km in near if km is not None]
    if far is not None or len(reached) < len(near) or reached != sorted(set(reached)):
        raise _wrong(pointer, "distances grow, and the last one is null")
    return [Price(entry.up_to_km, entry.amount_vnd) for entry in entries]


def _exemptions(entries: Sequence[ExemptionEntry] | None) -> list[Exempt] | None:
    if entries is None:
        return None
    counted = Counter((e.code, e.purse, e.sector, e.procedure_code) for e in entries)
    if any(n > 1 for n in counted.values()):
        raise _wrong("/exemptions", "said twice")
    return [
        Exempt(e.code, e.purse.value, e.sector, e.procedure_code, e.by_proof, e.name_vi, e.name_en)
        for e in entries
    ]


def _wrong(pointer: str, why: str) -> InvalidValue:
    return InvalidValue(errors=[{"pointer": pointer, "code": "invalid_value", "detail": why}])
