"""What fills a variable where somebody looks at a wording; nobody's."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SAMPLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amount": "35.000đ",
        "code": "123456",
        "count": "2",
        "counter": "3",
        "courier": "Tú",
        "items": "Đã có kết quả: H42.10-261124-0001; cần bổ sung giấy tờ: H42.10-261124-0002",
        "link": "https://motcua.example/t/mau",
        "number": "H42.10-261124-0001",
        "place": "Trung tâm Phục vụ hành chính công phường Hoa Lư",
        "postage": "26.000đ",
        "purse": "phí, lệ phí",
        "receipt": "0000123",
        "reference": "NB-7K3Q-92",
        "seal": "NP0001",
        "state": "50.000đ",
        "time": "08:00 25/11/2026",
        "until": "09:30",
        "window": "08:00-10:00 25/11/2026",
    }
)
