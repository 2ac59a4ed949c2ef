"""Zalo's two sides: tokens that are spent once, and ZNS that takes registered templates only."""

import json
import secrets
from typing import Any, Final

from app.core.crypto import Secret
from notifications.emulator.calling import client
from notifications.emulator.gateway import Call, Provider, Reply
from notifications.zalo.api import RECEIVED, signature

TOKENS: Final = "/v4/oa/access_token"
SEND: Final = "/message/template"
LIFETIME_S: Final = 90_000


class ZaloEmulator(Provider):
    """One application and its official account. `templates` are ids with the blanks of each."""

    def __init__(
        self,
        *,
        app_id: str,
        secret_key: str,
        refresh_token: str,
        templates: dict[str, set[str]],
        events_secret: str = "",
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.app_id = app_id
        self._secret_key = secret_key
        self._refresh_token = refresh_token
        self._events_secret = Secret(events_secret)
        self.templates = templates
        self.valid: set[str] = set()
        self.renewals = 0
        self.lifetime_s = LIFETIME_S

    def answer(self, call: Call) -> Reply:
        if call.path == TOKENS:
            return self._renew(call)
        if call.path == SEND:
            return self._send(call)
        return Reply(404, {"error": 404, "message": "not found"})

    def _renew(self, call: Call) -> Reply:
        told = (call.headers.get("secret_key"), call.body.get("app_id"))
        if told != (self._secret_key, self.app_id):
            return Reply(200, {"error": -14004, "error_name": "Invalid secret key"})
        if call.body.get("refresh_token") != self._refresh_token:
            return Reply(200, {"error": -14014, "error_name": "Invalid refresh token"})
        self.renewals += 1
        self._refresh_token = secrets.token_urlsafe(24)
        access = secrets.token_urlsafe(24)
        self.valid.add(access)
        return Reply(
            200,
            {
                "access_token": access,
                "refresh_token": self._refresh_token,
                "expires_in": str(self.lifetime_s),
            },
        )

    def put_refresh_token(self, token: str) -> None:
        """What an operator gets who grants the right anew."""
        self._refresh_token = token

    def _send(self, call: Call) -> Reply:
        error = self._refusal(call)
        if error:
            return Reply(200, {"error": error, "message": "refused"})
        taken = {**call.body, "msg_id": secrets.token_hex(10)}
        self.take(taken)
        data = {"msg_id": taken["msg_id"], "sent_time": "1795000000000", "quota": {"remainingQuota": "499"}}
        return Reply(200, {"error": 0, "message": "Success", "data": data})

    def _refusal(self, call: Call) -> int:
        if call.headers.get("access_token") not in self.valid:
            return -124
        if call.fault.startswith("-"):
            return int(call.fault)
        blanks = self.templates.get(str(call.body.get("template_id")))
        if blanks is None:
            return -109
        if set(call.body.get("template_data", {})) != blanks:
            return -112
        return 0 if str(call.body.get("phone", "")).startswith("84") else -108

    def call_back(self, n: int, url: str, *, event: str = RECEIVED, forged: bool = False) -> int:
        """Tell that the n-th message came; the answer's status."""
        taken = self.taken[n]
        told: dict[str, Any] = {
            "event_name": event,
            "app_id": self.app_id,
            "timestamp": "1795000001000",
            "message": {
                "msg_id": taken["msg_id"],
                "tracking_id": taken["tracking_id"],
                "delivery_time": "1795000000900",
            },
            "future": {"field": ""},
        }
        raw = json.dumps(told).encode()
        secret = Secret("somebody else's") if forged else self._events_secret
        mac = signature(self.app_id, raw, told["timestamp"], secret)
        answer = client().post(
            url, content=raw, headers={"X-ZEvent-Signature": mac, "Content-Type": "application/json"}
        )
        return answer.status_code
