"""The older contract's fields (DOMAIN: synchronisation contract), from a dossier. Pure.

Every value is text; a moment is `yyyyMMddHHmmss` on the wall clock of Việt Nam; what is unknown is empty.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.core.clock import local
from app.dossiers.exchange import Exchanged, Step
from app.dossiers.states import NAMES, Status

TIME: Final = "%Y%m%d%H%M%S"
CHANNELS: Final[Mapping[str, str]] = MappingProxyType({"counter": "1", "online": "2", "postal": "3"})
AT_COUNTER, BY_POST = "0", "1"
# How a fee was taken, and which kind it is: codes seen in use, no list of them was published.
IN_PERSON, ORDINARY_FEE = "1", "1"
CITIZEN, BUSINESS = "1", "2"
TRUE, FALSE = "1", "0"


def moment(at: datetime | None) -> str:
    return "" if at is None else local(at).strftime(TIME)


def record(dossier: Exchanged, status: Status) -> dict[str, Any]:
    """The data of `DongBoHoSoMC`."""
    steps = dossier.steps
    refused = next((step.at for step in steps if step.status is Status.NOT_ACCEPTED), None)
    return {
        "MaHoSo": dossier.number,
        "MaTTHC": dossier.procedure_code,
        "TenTTHC": dossier.procedure_name,
        "MaLinhVuc": dossier.sector,
        "TenLinhVuc": dossier.sector,
        "KenhThucHien": CHANNELS.get(dossier.channel, CHANNELS["counter"]),
        "ChuHoSo": dossier.applicant_name,
        "LoaiDoiTuong": CITIZEN if dossier.tax_code is None else BUSINESS,
        "MaDoiTuong": "",
        "SoGiayToChuHoSo": dossier.tax_code or dossier.citizen_number or "",
        "SoDienThoai": dossier.applicant_phone or "",
        "TrichYeuHoSo": dossier.procedure_name,
        "NgayNopHoSo": moment(steps[0].at),
        "NgayTiepNhan": moment(dossier.accepted_at),
        "NgayHenTra": moment(dossier.due_at),
        "TrangThaiHoSo": str(status.value),
        "NgayTra": moment(dossier.returned_at),
        "ThongTinTra": "",
        "HinhThuc": AT_COUNTER if dossier.return_mode == "counter" else BY_POST,
        "NgayKetThucXuLy": moment(dossier.ended_at),
        "NgayTuChoi": moment(refused),
        "DonViXuLy": dossier.decided_by,
        "NoiNopHoSo": dossier.centre_name,
        "HoSoCoThanhPhanSoHoa": _flag(any(paper.digitised for paper in dossier.papers)),
        "TaiKhoanDuocXacThucVoiVNeID": FALSE,
        "DinhDanhCHS": [],
        "DSKetNoiCSDL": [],
        "TaiLieuNop": [
            {
                "TepDinhKemId": "",
                "TenTepDinhKem": paper.name,
                "IsDeleted": "False",
                "MaThanhPhanHoSo": paper.code or str(paper.position),
                "DuocSoHoa": _flag(paper.digitised),
                "DuocTaiSuDung": str(paper.reuse),
                "DuocLayTuKhoDMQG": _flag(paper.from_national_store),
                "MaKetQuaThayThe": paper.result_code or "",
            }
            for paper in dossier.papers
        ],
        "DanhSachLePhi": [
            {
                "TenPhiLePhi": f"Phí, lệ phí, biên lai {fee.receipt}",
                "MaPhiLePhi": dossier.procedure_code,
                "HinhThucThu": IN_PERSON,
                "Gia": str(fee.amount_vnd),
                "LoaiPhiLePhi": ORDINARY_FEE,
            }
            for fee in dossier.fees
        ],
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [
            {
                "NgayBoSung": moment(each.asked_at),
                "NgayTiepNhanBoSung": moment(each.received_at),
                "NgayHenTraTruoc": moment(each.previous_due_at),
                "NgayHenTraMoi": moment(each.due_at),
            }
            for each in dossier.supplements
        ],
        "DanhSachGiayToKetQua": (
            [{"TenGiayTo": dossier.result_name, "MaGiayToKetQua": dossier.result_code or ""}]
            if dossier.has_result
            else []
        ),
    }


def progress(dossier: Exchanged, step: Step) -> dict[str, Any]:
    """The data of `CapNhatTienDoHoSoMC`."""
    return {
        "MaHoSo": dossier.number,
        "NguoiXuLy": step.by,
        "ChucDanh": "",
        "ThoiDiemXuLy": moment(step.at),
        "PhongBanXuLy": dossier.centre_name,
        "NoiDungXuLy": NAMES[step.status].vi,
        "TrangThai": str(step.status.value),
        "NgayBatDau": moment(dossier.accepted_at),
        "NgayKetThucTheoQuyDinh": moment(dossier.due_at),
    }


def _flag(value: bool) -> str:  # noqa: FBT001 - the contract writes flags so
    return TRUE if value else FALSE
