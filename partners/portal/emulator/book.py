"""What the portal holds of each dossier, and what it refuses."""

import re
import threading
from dataclasses import dataclass, field
from typing import Any, Final

TIME: Final = re.compile(r"20[0-9]{12}")
STATUSES: Final = frozenset(str(number) for number in range(1, 11))
REQUIRED: Final = (
    *("MaHoSo", "MaTTHC", "TenTTHC", "KenhThucHien", "ChuHoSo", "LoaiDoiTuong"),
    *("NgayTiepNhan", "TrangThaiHoSo", "DonViXuLy"),
)
DONE, NOT_VALID, KNOWN, UNKNOWN, OUT_OF_ORDER, REPEATED = "00", "05", "02", "03", "04", "06"


@dataclass
class Kept:
    """One dossier: its record as last put, and the steps in the order they came, as (status, time)."""

    record: dict[str, Any]
    steps: list[tuple[int, str]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return self.steps[-1][0]


class Book:
    """Every dossier; one request at a time."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        # Procedures this portal does not know: whoever files one is refused.
        self.unknown_procedures: set[str] = set()
        self.lock = threading.Lock()

    def synchronise(self, data: list[dict[str, Any]], *, is_updating: bool) -> str:
        for record in data:
            code = self._put(record, is_updating=is_updating)
            if code != DONE:
                return code
        return DONE

    def progress(self, data: list[dict[str, Any]]) -> str:
        for step in data:
            code = self._step(step)
            if code != DONE:
                return code
        return DONE

    def look_up(self, number: str) -> list[dict[str, Any]]:
        kept = self.kept.get(number)
        if kept is None:
            return []
        return [{**kept.record, "MaHoSo": number, "TrangThaiHoSo": str(kept.status)}]

    def decide(self, number: str, status: int, at: str) -> None:
        """Somebody at the portal moves a dossier without us."""
        with self.lock:
            self.kept[number].steps.append((status, at))

    def _put(self, record: dict[str, Any], *, is_updating: bool) -> str:
        number = record.get("MaHoSo", "")
        if any(not record.get(name) for name in REQUIRED) or record["TrangThaiHoSo"] not in STATUSES:
            return NOT_VALID
        if not TIME.fullmatch(record["NgayTiepNhan"]) or record["MaTTHC"] in self.unknown_procedures:
            return NOT_VALID
        if (number in self.kept) is not is_updating:
            return UNKNOWN if is_updating else KNOWN
        status = int(record["TrangThaiHoSo"])
        if not is_updating:
            self.kept[number] = Kept(record, [(status, record["NgayTiepNhan"])])
            return DONE
        kept = self.kept[number]
        kept.record = record
        if status != kept.status:
            kept.steps.append((status, record["NgayKetThucXuLy"] or kept.steps[-1][1]))
        return DONE

    def _step(self, step: dict[str, Any]) -> str:
        at, status = str(step.get("ThoiDiemXuLy", "")), step.get("TrangThai")
        if not TIME.fullmatch(at) or status not in STATUSES or not step.get("NguoiXuLy"):
            return NOT_VALID
        kept = self.kept.get(step.get("MaHoSo", ""))
        if kept is None:
            return UNKNOWN
        if (int(status), at) in kept.steps:
            return REPEATED
        if at < kept.steps[-1][1]:
            return OUT_OF_ORDER
        kept.steps.append((int(status), at))
        return DONE
