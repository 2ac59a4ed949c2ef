"""What is decided about procedures: pure, values in, verdict out."""

import math
import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.core.errors import Words

# Directive 24/CT-TTg: centres stop taking paper for 25 essential procedures from this day on.
PAPERLESS_SINCE: Final = date(2025, 10, 1)

# National codes and local ones (DOMAIN: `1.001193`, `1.001193.000.00.00.H42`, `9.000001.H42`).
CODE: Final = re.compile(r"[1-9]\.\d{6}(\.\d{2})?(\.000\.00\.00)?(\.[GH]\d{2})?", re.ASCII)

MOST_GRAINS: Final = 24
# Standard normal quantiles of 80 % and 90 %.
Z80: Final = 0.8416
Z90: Final = 1.2816


class IntakeMode(StrEnum):
    """How a dossier may be handed in (hình thức tiếp nhận)."""

    COUNTER_PAPER = "counter_paper"  # nộp hồ sơ giấy tại quầy
    ASSISTED_ONLINE = "assisted_online"  # được hỗ trợ nộp trực tuyến tại quầy
    HOME_PAPER = "home_paper"  # bưu tá nhận hồ sơ giấy tại nhà
    HOME_ASSISTED_ONLINE = "home_assisted_online"  # bưu tá hỗ trợ nộp trực tuyến tại nhà


class Presence(StrEnum):
    """Who must be there when it is handed in (yêu cầu có mặt)."""

    NONE = "none"
    ONE_PARENT = "one_parent"
    REPRESENTATIVE = "representative"
    APPLICANT = "applicant"
    SIGNER = "signer"
    ORIGINALS_SHOWN = "originals_shown"
    BOTH_PARTIES = "both_parties"
    APPLICANT_BIOMETRIC = "applicant_biometric"


# Only an officer at a counter can see these: two people signing, a signature being made, an original
# beside its copy, a face and fingers. A parent or an applicant can as well be present at home.
AT_THE_COUNTER_ONLY: Final = frozenset(
    {
        Presence.SIGNER,
        Presence.ORIGINALS_SHOWN,
        Presence.BOTH_PARTIES,
        Presence.APPLICANT_BIOMETRIC,
    }
)

WHY_AT_THE_COUNTER: Final[Mapping[Presence, Words]] = MappingProxyType(
    {
        Presence.SIGNER: Words(
            "người ký phải ký trước mặt cán bộ", "the signature is made in front of an officer"
        ),
        Presence.ORIGINALS_SHOWN: Words(
            "bản chính phải được đối chiếu tại chỗ", "the originals are compared with their copies"
        ),
        Presence.BOTH_PARTIES: Words("hai bên cùng có mặt và ký", "both must be there and sign"),
        Presence.APPLICANT_BIOMETRIC: Words(
            "phải lấy ảnh và vân tay", "a photograph and fingerprints are taken"
        ),
    }
)

SECTORS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "ho_tich": Words("Hộ tịch", "Civil status"),
        "chung_thuc": Words("Chứng thực", "Certification"),
        "nuoi_con_nuoi": Words("Nuôi con nuôi", "Adoption"),
        "lien_thong": Words("Thủ tục liên thông", "Linked procedures"),
        "cu_tru": Words("Cư trú", "Residence"),
        "can_cuoc": Words("Căn cước", "Identity card"),
        "xuat_nhap_canh": Words("Xuất nhập cảnh", "Immigration"),
        "ly_lich_tu_phap": Words("Lý lịch tư pháp", "Criminal record"),
        "giao_thong": Words("Giao thông", "Transport"),
        "dang_ky_kinh_doanh": Words("Đăng ký kinh doanh", "Household business"),
        "dang_ky_doanh_nghiep": Words("Đăng ký doanh nghiệp", "Enterprises"),
        "thue": Words("Thuế", "Tax"),
        "bhxh": Words("Bảo hiểm xã hội", "Social insurance"),
        "bao_tro_xa_hoi": Words("Bảo trợ xã hội", "Social assistance"),
        "nguoi_co_cong": Words("Người có công", "People of merit"),
        "giam_ngheo": Words("Giảm nghèo", "Poverty reduction"),
        "dat_dai": Words("Đất đai", "Land"),
        "xay_dung": Words("Xây dựng", "Construction"),
    }
)


def sector_name(sector: str) -> Words:
    """A sector in both languages; one we have no words for keeps its code."""
    return SECTORS.get(sector, Words(sector, sector))


def presence_required(presence: Presence) -> bool:
    """Whether somebody must come to the counter in person."""
    return presence in AT_THE_COUNTER_ONLY


def is_paperless(paperless_from: date | None, *, on: date) -> bool:
    return paperless_from is not None and on >= paperless_from


def intake_modes(
    presence: Presence, *, postal_intake: bool, paperless_from: date | None, on: date
) -> tuple[IntakeMode, ...]:
    """How it may be handed in on the day: on paper or not, and at home where nobody must come."""
    at_home = postal_intake and not presence_required(presence)
    if is_paperless(paperless_from, on=on):
        return (IntakeMode.ASSISTED_ONLINE, *((IntakeMode.HOME_ASSISTED_ONLINE,) if at_home else ()))
    return (IntakeMode.COUNTER_PAPER, *((IntakeMode.HOME_PAPER,) if at_home else ()))


def grains(p50_minutes: int, *, grain_minutes: int) -> int:
    """How many grains of a centre a procedure fills: its usual time, rounded up, 1 to 24."""
    return min(max(math.ceil(p50_minutes / grain_minutes), 1), MOST_GRAINS)


def p80_minutes(*, p50_minutes: int, p90_minutes: int) -> int:
    """The P80 of the log-normal through a P50 and a P90: handling times are skewed to the right."""
    spread = math.log(p90_minutes / p50_minutes) / Z90
    return min(max(math.ceil(p50_minutes * math.exp(Z80 * spread)), p50_minutes), p90_minutes)
