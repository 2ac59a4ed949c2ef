"""ZNS's client: one POST a message, in a registered template, under our id."""

from datetime import datetime
from typing import Final

import httpx

from app.channel_settings import ZaloSettings
from notifications import calls
from notifications.classification import Verdict
from notifications.port import Accepted, Outgoing, Rejected, Report, Sending, Unknown
from notifications.zalo import codes
from notifications.zalo.tokens import Tokens

SEND: Final = "/message/template"
# Kept apart from other providers' ids of messages.
OURS: Final = "zalo:"
ABSENT: Final = object()


class ZaloChannel:
    """One official account."""

    def __init__(self, client: httpx.AsyncClient, settings: ZaloSettings) -> None:
        self._client = client
        self._url = f"{settings.url}{SEND}"
        self._tokens = Tokens(client, settings)

    async def send(self, message: Outgoing) -> Sending:
        token = await self._tokens.current()
        if isinstance(token, Rejected):
            return token
        answer = await calls.post(
            self._client,
            self._url,
            headers={"access_token": token},
            json={
                "phone": message.phone.removeprefix("+"),
                "template_id": message.content.template_id,
                "template_data": message.content.parameters,
                "tracking_id": message.message_id.hex,
            },
        )
        if not isinstance(answer, calls.Answer):
            return answer
        told = answer.body.get("error", ABSENT)
        if told == codes.TOKEN:
            await self._tokens.forget(token)
        return _meaning(message, answer, told)

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:  # noqa: ARG002 - the port's
        """Zalo tells of a message by its own id only, which a lost answer would have brought. A callback
        names ours, and until then the template's budget decides.
        """
        return None

    async def fetch(self, provider_id: str) -> Report | None:  # noqa: ARG002 - the port's
        """What was read is called back; nothing else is known."""
        return None


def _meaning(message: Outgoing, answer: calls.Answer, told: object) -> Sending:
    if not isinstance(told, int):
        return calls.by_status(answer.status, answer.pause)
    if told == codes.ACCEPTED:
        data = answer.body.get("data")
        theirs = data.get("msg_id") if isinstance(data, dict) else None
        return Accepted(f"{OURS}{theirs or message.message_id.hex}"[:60])
    found = codes.verdict(told)
    return Unknown(str(told)) if found is Verdict.AMBIGUOUS else Rejected(found, str(told), answer.pause)
