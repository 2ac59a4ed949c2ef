"""What is asked of a registry, in our words."""

from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol


class Registry(StrEnum):
    """Who is asked."""

    POPULATION = "population"  # Cơ sở dữ liệu quốc gia về dân cư
    BUSINESS = "business"  # Cơ sở dữ liệu quốc gia về đăng ký doanh nghiệp
    INSURANCE = "insurance"  # Cơ sở dữ liệu quốc gia về bảo hiểm
    LAND = "land"  # Cơ sở dữ liệu quốc gia về đất đai


class Purpose(StrEnum):
    """Why. It travels with the question and stands in the journal."""

    INTAKE = "intake"  # kiểm tra thông tin người nộp hồ sơ
    REUSE = "reuse"  # tìm giấy tờ đã có để không phải nộp lại


class Verdict(StrEnum):
    """What came of comparing the answer."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"
    REFUSED = "refused"  # the registry, or we ourselves, take the key for none


class Question(NamedTuple):
    """Whom it is about: a personal number or a tax code, and the name it should belong to."""

    key: str
    name: str


class RegistryUnavailable(Exception):
    """No answer that can be compared; to be asked again."""


class RegistrySource(Protocol):
    """One registry. Asking again changes nothing, there or here."""

    registry: ClassVar[Registry]

    async def check(self, question: Question, *, purpose: Purpose) -> Verdict:
        """Compare with what the registry says. Raises `RegistryUnavailable`."""

    async def knock(self) -> None:
        """Whether it is there and lets us in; nobody is looked up. Raises `RegistryUnavailable`."""
