"""The push service's client: one POST a notice, to one device."""

from datetime import datetime
from typing import Any, Final

import httpx

from app.citizens.devices import forget_token
from notifications import calls
from notifications.classification import Verdict
from notifications.port import Accepted, Outgoing, Rejected, Report, Sending, Unknown
from notifications.push import codes
from notifications.push.access import Access, Account

# Kept apart from other providers' ids of messages.
OURS: Final = "push:"
LONGEST_LIFETIME_S: Final = 28 * 86_400


class PushChannel:
    """One project at the service."""

    def __init__(self, client: httpx.AsyncClient, account: Account, *, url: str) -> None:
        self._client = client
        self._url = f"{url}/v1/projects/{account.project_id}/messages:send"
        self._access = Access(client, account)

    async def send(self, message: Outgoing) -> Sending:
        access = await self._access.current()
        if isinstance(access, Rejected):
            return access
        answer = await calls.post(
            self._client,
            self._url,
            headers={"Authorization": f"Bearer {access}"},
            json={"message": _notice(message)},
        )
        if not isinstance(answer, calls.Answer):
            return answer
        name = answer.body.get("name")
        if answer.status == 200 and isinstance(name, str):
            return Accepted(f"{OURS}{message.message_id.hex}")
        code = codes.code(answer.body)
        if code == "UNAUTHENTICATED":
            self._access.forget(access)
        if code in codes.DEAD:
            await forget_token(token=message.address)
        found = codes.MEANINGS.get(code)
        if found is None:
            return calls.by_status(answer.status, answer.pause)
        return Unknown(code) if found is Verdict.AMBIGUOUS else Rejected(found, code, answer.pause)

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:  # noqa: ARG002 - the port's
        """Not asked: a notice said again replaces the one before."""
        return None

    async def fetch(self, provider_id: str) -> Report | None:  # noqa: ARG002 - the port's
        """That it was received only the app can say (`api.py`)."""
        return None


def _notice(message: Outgoing) -> dict[str, Any]:
    """Worth showing for as long as the message lives; its tag has a second one replace the first."""
    tag = message.message_id.hex
    lifetime = max(0, min(LONGEST_LIFETIME_S, message.valid_for_s))
    return {
        "token": message.address,
        "notification": {"title": message.content.title, "body": message.body},
        "data": {"message_id": str(message.message_id)},
        "android": {
            "priority": "HIGH",
            "ttl": f"{lifetime}s",
            "notification": {"tag": tag},
        },
        "apns": {"headers": {"apns-collapse-id": tag, "apns-priority": "10"}},
        "webpush": {"headers": {"TTL": str(lifetime), "Urgency": "high"}, "notification": {"tag": tag}},
    }
