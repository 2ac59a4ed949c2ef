"""A push service: access tokens for signed assertions, notices to devices it knows."""

import secrets
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from notifications.emulator.gateway import Call, Provider, Reply
from notifications.push.access import GRANT, SCOPE

TOKENS: Final = "/token"
LIFETIME_S: Final = 3600
STATUSES: Final = {
    "UNREGISTERED": 404,
    "SENDER_ID_MISMATCH": 403,
    "INVALID_ARGUMENT": 400,
    "THIRD_PARTY_AUTH_ERROR": 401,
    "QUOTA_EXCEEDED": 429,
    "UNAVAILABLE": 503,
    "INTERNAL": 500,
}


class PushService(Provider):
    """One project and its service account. `devices` are the tokens it knows, unless it takes any."""

    def __init__(
        self, *, project: str = "motcua-emulated", port: int = 0, knows_everybody: bool = False
    ) -> None:
        super().__init__(port)
        self._knows_everybody = knows_everybody
        self.project = project
        self._email = f"sender@{project}.example"
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        self.devices: set[str] = set()
        self.valid: set[str] = set()
        self.bought = 0

    def account_file(self) -> dict[str, str]:
        """What an operator gets of it."""
        private = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "type": "service_account",
            "project_id": self.project,
            "client_email": self._email,
            "private_key": private.decode(),
            "token_uri": f"{self.base_url}{TOKENS}",
        }

    def answer(self, call: Call) -> Reply:
        if call.path == TOKENS:
            return self._sell(call)
        if call.path != f"/v1/projects/{self.project}/messages:send":
            return _error(404, "NOT_FOUND")
        if call.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
            return _error(401, "UNAUTHENTICATED")
        message = call.body.get("message", {})
        if call.fault in STATUSES:
            return _error(STATUSES[call.fault], call.fault, own=True)
        if not (self._knows_everybody or message.get("token") in self.devices):
            return _error(404, "UNREGISTERED", own=True)
        self.take(message)
        return Reply(200, {"name": f"projects/{self.project}/messages/{secrets.token_hex(8)}"})

    def _sell(self, call: Call) -> Reply:
        try:
            told = jwt.decode(
                str(call.body.get("assertion", "")),
                self._key.public_key(),
                algorithms=["RS256"],
                audience=f"{self.base_url}{TOKENS}",
                issuer=self._email,
                options={"require": ["iat", "exp", "iss", "aud"]},
            )
        except jwt.PyJWTError:
            return Reply(400, {"error": "invalid_grant"})
        if call.body.get("grant_type") != GRANT or told.get("scope") != SCOPE:
            return Reply(400, {"error": "invalid_scope"})
        self.bought += 1
        token = secrets.token_urlsafe(24)
        self.valid.add(token)
        return Reply(200, {"access_token": token, "expires_in": LIFETIME_S, "token_type": "Bearer"})


def _error(status: int, code: str, *, own: bool = False) -> Reply:
    """An error document; the service's `own` code stands in its details."""
    details: list[dict[str, Any]] = (
        [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}] if own else []
    )
    return Reply(status, {"error": {"code": status, "status": code, "message": "", "details": details}})
