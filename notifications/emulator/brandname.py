"""A domestic SMS gateway: checks key and brand name, blocks an id it has seen, calls back an outcome."""

import hmac
import uuid
from typing import Any, Final

from notifications.emulator.calling import client
from notifications.emulator.gateway import Call, Provider, Reply

SEND: Final = "/SendMultipleMessage_V4_post_json/"
PHONE_DIGITS: Final = 10


class BrandnameGateway(Provider):
    """One account with one registered brand name."""

    def __init__(self, *, key: str, secret: str, brandname: str, port: int = 0) -> None:
        super().__init__(port)
        self._key, self._secret, self._brandname = key, secret, brandname

    def answer(self, call: Call) -> Reply:
        if call.path != SEND:
            return Reply(404, {"Message": "Endpoint not found."})
        body = call.body
        code = self._refusal(body) or (call.fault if call.fault.isdecimal() else "")
        if code:
            return Reply(200, {"CodeResult": code, "ErrorMessage": "refused"})
        taken = {**body, "SMSID": uuid.uuid4().hex}
        self.take(taken)
        return Reply(200, {"CodeResult": "100", "CountRegenerate": 0, "SMSID": taken["SMSID"]})

    def _refusal(self, body: dict[str, Any]) -> str:
        told = (str(body.get("ApiKey", "")), str(body.get("SecretKey", "")))
        if not all(map(hmac.compare_digest, told, (self._key, self._secret))):
            return "101"
        if body.get("Brandname") != self._brandname:
            return "104"
        phone = str(body.get("Phone", ""))
        if not (phone.isdecimal() and phone.startswith("0") and len(phone) == PHONE_DIGITS):
            return "108"
        if any(body.get("RequestId") == each["RequestId"] for each in self.taken):
            return "124"
        return ""

    def call_back(self, n: int, status: str, *, succeeded: int = 0, failed: int = 0) -> int:
        """Tell what became of the n-th message; the answer's status."""
        taken = self.taken[n]
        answer = client().get(
            taken["CallbackUrl"],
            params={
                "SMSID": taken["SMSID"],
                "SendStatus": status,
                "SendSuccess": str(succeeded),
                "SendFailed": str(failed),
                "RequestId": taken["RequestId"],
                "TypeId": "2",
            },
        )
        return answer.status_code
