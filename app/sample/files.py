"""The sample's own files, read strictly: a field we do not know is a mistake in the file."""

import uuid
from datetime import date, time
from importlib.resources import files
from typing import Final, TypeVar

import msgspec

# One namespace for the sample, for ever: an id is a function of a name.
NAMESPACE: Final = uuid.UUID("6d6f7463-7561-5a4e-8b42-000000000037")

T = TypeVar("T")


def sample_id(kind: str, name: str) -> uuid.UUID:
    """The id of a sample row. Not a UUIDv7 on purpose: it must be the same everywhere."""
    return uuid.uuid5(NAMESPACE, f"{kind}|{name}")


class Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A record of a file."""


class Unit(Strict, frozen=True):
    key: str
    code: str
    tier: str
    name_vi: str
    name_en: str
    parent: str | None
    point: tuple[float, float] | None
    valid_from: date
    valid_to: date | None
    decision: str


class UnitLink(Strict, frozen=True):
    old: str
    new: str
    divided: bool


class UnitsFile(Strict, frozen=True):
    note: str
    verified: bool
    units: list[Unit]
    links: list[UnitLink]


class PoolLayout(Strict, frozen=True):
    """A pool of a layout; `*` among its sectors means all."""

    code: str
    series: str
    name_vi: str
    name_en: str
    counters: list[int]
    sectors: list[str]

    def serves(self, sector: str) -> bool:
        return sector in self.sectors or "*" in self.sectors


class Layout(Strict, frozen=True):
    counters: int
    pools: list[PoolLayout]


class HoursFile(Strict, frozen=True):
    weekday: list[tuple[time, time]]
    saturday_morning: list[tuple[time, time]]
    decision: str


class ZoneLayout(Strict, frozen=True):
    radius_km: float
    series: str
    name_vi: str
    name_en: str


class CentreEntry(Strict, frozen=True):
    code: str
    unit: str
    tier: str
    name_vi: str
    name_en: str
    address_vi: str
    address_en: str
    point: tuple[float, float]
    agency_code: str
    valid_from: date
    valid_to: date | None
    layout: str
    saturday_morning: bool
    postal_zones: list[str]

    @property
    def id(self) -> uuid.UUID:
        return sample_id("centre", self.code)


class CentresFile(Strict, frozen=True):
    note: str
    verified: bool
    decision: str
    hours: HoursFile
    layouts: dict[str, Layout]
    postal_zone: ZoneLayout
    centres: list[CentreEntry]


class Day(Strict, frozen=True):
    day: date
    kind: str
    name_vi: str
    name_en: str
    status: str
    stands_for: date | None
    reference: str


class CalendarFile(Strict, frozen=True):
    note: str
    days: list[Day]


class Group(Strict, frozen=True):
    code: str
    name_vi: str
    name_en: str
    rule_vi: str
    rule_en: str


class GroupsFile(Strict, frozen=True):
    verified: bool
    groups: list[Group]


class Version(Strict, frozen=True):
    code: str
    level: str
    receive_anywhere: bool
    valid_from: date
    valid_to: date | None
    decision: str
    agency_vi: str = ""
    agency_en: str = ""


class Processing(Strict, frozen=True):
    value: int
    unit: str
    verified: bool


class Fee(Strict, frozen=True):
    amount_vnd: int | None
    text_vi: str
    text_en: str
    exemptions_vi: str
    exemptions_en: str
    verified: bool


class Minutes(Strict, frozen=True):
    p50: int
    p90: int


class Result(Strict, frozen=True):
    name_vi: str
    name_en: str
    code: str | None


class Paper(Strict, frozen=True):
    name_vi: str
    name_en: str
    kind: str
    originals: int
    copies: int
    bring_vi: str
    bring_en: str
    optional: bool
    reusable_from: str | None
    digitise_class: int | None
    code: str | None = None
    replaced_by: str | None = None


class ProcedureEntry(Strict, frozen=True):
    code: str
    code_is_local: bool
    code_verified: bool
    name_vi: str
    name_en: str
    sector: str
    versions: list[Version]
    presence: str
    site_inspection: bool
    paperless_from: date | None
    postal_intake: bool
    postal_return: bool
    processing: Processing
    fee: Fee
    minutes: Minutes
    result: Result
    papers: list[Paper]


class ProceduresFile(Strict, frozen=True):
    note: str
    procedures: list[ProcedureEntry]


class Term(Strict, frozen=True):
    kind: str
    starts_on: date
    ends_on: date


class OfficerEntry(Strict, frozen=True):
    username: str
    name: str
    role: str
    centre: str
    shift: Term

    @property
    def id(self) -> uuid.UUID:
        return sample_id("officer", self.username)

    @property
    def password(self) -> str:
        return f"demo-{self.username}"


class DeviceEntry(Strict, frozen=True):
    name: str
    kind: str
    centre: str
    key: str

    @property
    def id(self) -> uuid.UUID:
        return sample_id("device", self.name)


class PartnerEntry(Strict, frozen=True):
    client_id: str
    name_vi: str
    name_en: str
    secret: str

    @property
    def id(self) -> uuid.UUID:
        return sample_id("partner", self.client_id)


class PeopleFile(Strict, frozen=True):
    note: str
    officers: list[OfficerEntry]
    roster_decision: str
    devices: list[DeviceEntry]
    partner: PartnerEntry


def raw(name: str) -> bytes:
    """One file of the sample as it lies there."""
    return files("app.sample").joinpath("data", name).read_bytes()


def read(name: str, kind: type[T]) -> T:
    """One file of the sample."""
    return msgspec.json.decode(raw(name), type=kind, strict=True)


def units() -> UnitsFile:
    return read("units.json", UnitsFile)


def centres() -> CentresFile:
    return read("centres.json", CentresFile)


def calendar() -> CalendarFile:
    return read("calendar.json", CalendarFile)


def priority_groups() -> GroupsFile:
    return read("priority_groups.json", GroupsFile)


def procedures() -> ProceduresFile:
    return read("procedures.json", ProceduresFile)


def people() -> PeopleFile:
    return read("people.json", PeopleFile)
