"""The editor's pages, one context per state; how texts look is told by the desk itself."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from app.pages.wordings import Typed
from notifications.templates import TEMPLATES
from notifications.wordings.desk import EditorsDesk
from tests.pages.samples import LONG, NOW

DESK: Final = EditorsDesk({"motcua.example"})
OTP: Final = TEMPLATES["otp"]
CONFIRMED: Final = TEMPLATES["appointment_confirmed"]
WRONG: Final = Typed(
    "Motcua: mã {kode} tại https://evil.example 😀", "Motcua: [{code}]… " + "x" * 300, "<b>"
)


def _version(number: int, *, stands: bool = False, **facts: Any) -> dict[str, Any]:
    own: dict[str, Any] = {
        "version": number,
        "vi": OTP.vi,
        "en": OTP.en,
        "note": "",
        "published_at": NOW - timedelta(days=9 - number),
        "published_by": "tuan",
        "text_of": None,
        "stands": stands,
    }
    return own | facts


ONE: Final[dict[str, Any]] = {
    "wordings_url": "/wordings",
    "action": "/wordings/otp",
    "wording": {
        "key": "otp",
        "name": "Mã xác nhận số điện thoại",
        "version": 3,
        "published_at": NOW,
        "vi": OTP.vi,
        "en": OTP.en,
        "category": "otp",
        "lifetime_minutes": 5,
        "everything_held": False,
        "held": None,
        "variables": [{"name": "code", "longest": 6, "sample": "123456"}],
        "versions": [
            _version(3, stands=True, text_of=1, note=LONG),
            _version(2, published_by="somebody-gone"),
            _version(1, published_at=NOW, published_by=None),
        ],
    },
    "publishers": {"tuan": LONG},
    "typed": Typed(OTP.vi, OTP.en),
    "looks": DESK.looks("otp", vi=OTP.vi, en=OTP.en, language="vi"),
    "said_aloud": False,
    "may_publish": True,
    "published": True,
    "errors": [],
}
HELD: Final = {"since": NOW, "reason": "refused 3 times: 30007", "waiting": 12}
LIST: Final[dict[str, Any]] = {
    "wordings_url": "/wordings",
    "everything_held": True,
    "wordings": [
        {
            "key": template.code,
            "name": LONG,
            "version": template.version,
            "published_at": NOW if template is OTP else None,
            "vi": template.vi,
            "en": template.en,
            "held": template is OTP,
        }
        for template in (OTP, CONFIRMED, TEMPLATES["home_visit_confirmed"])
    ],
}


def wording_cases(frame: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """`frame` is what the layout reads."""
    looks = DESK.looks("otp", vi=WRONG.vi, en=WRONG.en, language="vi")
    wrong = {
        **ONE,
        "wording": ONE["wording"] | {"everything_held": True, "category": "next_morning"},
        "typed": WRONG,
        "looks": looks,
        "published": False,
        "errors": [
            {"field": "vi", "message": "Không có biến này."},
            {"field": "vi", "message": "Thiếu biến code."},
            {"field": "en", "message": "Tin dài nhất vượt quá 2 đoạn SMS."},
            {"field": "note", "message": "Có ký tự điều khiển hoặc ký tự không nhìn thấy."},
            {"field": "reason", "message": "Lý do phải là một dòng chữ."},
            {"field": "", "message": LONG},
        ],
    }
    return [
        ("wordings/index.html", "typical", {**frame, **LIST}),
        ("wordings/one.html", "typical", {**frame, **ONE}),
        ("wordings/one.html", "wrong", {**frame, **wrong}),
        ("wordings/one.html", "held", {**frame, **ONE, "wording": ONE["wording"] | {"held": HELD}}),
        ("wordings/one.html", "reader", {**frame, **ONE, "may_publish": False, "published": False}),
        ("wordings/_looks.html", "typical", {"looks": ONE["looks"], "said_aloud": True}),
        ("wordings/_looks.html", "wrong", {"looks": looks, "said_aloud": True}),
    ]
