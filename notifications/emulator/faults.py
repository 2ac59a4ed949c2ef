"""How the emulator treats a message: by the recipient's magic number, or as a test scripts it."""

import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

PREFIX: Final = "+849000000"
EVERYBODY: Final = "*"


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way of answering and of calling back; as it stands, everything goes well.

    `status` and `code` are those of the answer, `body` its shape. Whether a message was `accepted` need not
    agree with the answer: that is what an ambiguous call is. `then` is what becomes of the connection.
    Each of `callbacks` is a status, or a status and an error code (`undelivered:30005`); `outcome` is what
    a fetch tells where nobody is called back. After `times` calls to one number all goes well again.
    """

    status: int = 201
    code: int = 0
    retry_after_s: int | None = None
    body: Literal["json", "problem", "html", "garbage"] = "json"
    accepted: bool | None = None
    then: Literal["answer", "hang", "cut"] = "answer"
    callbacks: tuple[str, ...] = ("queued", "sent", "delivered")
    before_the_answer: bool = False
    forged: bool = False
    outcome: str = ""
    times: int | None = None

    @property
    def is_accepted(self) -> bool:
        return self.status == 201 if self.accepted is None else self.accepted


WELL: Final = Script()
# The last two digits of +849000000xx.
BY_NUMBER: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "01": WELL,
        "02": Script(callbacks=("queued", "sent", "undelivered:30005")),
        "03": Script(callbacks=("queued", "sent", "undelivered:30003")),
        "04": Script(status=400, code=21610),
        "05": Script(status=429, code=20429, retry_after_s=7, times=2),
        "06": Script(then="hang"),
        "07": Script(then="cut"),
        "08": Script(status=502, body="html", times=1),
        "09": Script(body="garbage"),
        "10": Script(before_the_answer=True),
        "11": Script(callbacks=("delivered", "sent", "delivered", "queued", "sent")),
        "12": Script(callbacks=()),
        "13": Script(callbacks=("queued", "undelivered:30007")),
        "14": Script(callbacks=("queued", "sent", "undelivered:30004")),
        "15": Script(status=400, code=21614),
        "16": Script(callbacks=("delivered",), forged=True),
        "17": Script(callbacks=("delivered",) * 5),
        "18": Script(callbacks=(), outcome="delivered"),
        "19": Script(status=500, accepted=True, times=1),
        "20": Script(status=400, code=21211, body="problem"),
        "21": Script(status=401, code=20003, times=1),
        "22": Script(callbacks=("queued", "failed:30001"), times=1),
    }
)


class Scripts:
    """What was scripted for a number, else for everybody, else what its digits say."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._used: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def put(self, phone: str, script: Script) -> None:
        """`phone` may be `*`, everybody. What was scripted for it before is replaced, and counts anew."""
        with self._lock:
            self._scripts[phone] = script
            for key in [key for key in self._used if key[0] == phone]:
                del self._used[key]

    def clear(self) -> None:
        with self._lock:
            self._scripts.clear()
            self._used.clear()

    def all(self) -> dict[str, Script]:
        with self._lock:
            return dict(self._scripts)

    def take(self, phone: str) -> Script:
        """The script of this call; each call counts."""
        magic = BY_NUMBER.get(phone[-2:], WELL) if phone.startswith(PREFIX) else WELL
        with self._lock:
            told = [(key, self._scripts[key]) for key in (phone, EVERYBODY) if key in self._scripts]
            for key, script in [*told, ("digits", magic)]:
                self._used[key, phone] += 1
                if script.times is None or self._used[key, phone] <= script.times:
                    return script
        return WELL
