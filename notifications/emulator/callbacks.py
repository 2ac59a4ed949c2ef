"""Status callbacks as Twilio makes them: signed over the address and every field, growing each time."""

import queue
import secrets
import threading
from typing import Final
from urllib.parse import parse_qs, urldefrag

import httpx
from twilio.request_validator import RequestValidator

from notifications.emulator.calling import client
from notifications.emulator.faults import Script
from notifications.emulator.mailbox import SmsRecord

# Twilio gives a callback five more tries at most, however many the address asks for.
MOST_RETRIES: Final = 5


class Caller:
    """One thread that calls back, in the order a script asks for."""

    def __init__(self, auth_token: str, account_sid: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._forger = RequestValidator("somebody else's token")
        self._account_sid = account_sid
        self._jobs: queue.Queue[tuple[SmsRecord, str, Script] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="twilio-callbacks")
        self._thread.start()

    def plan(self, record: SmsRecord, url: str, script: Script) -> None:
        self._jobs.put((record, url, script))

    def call_now(self, record: SmsRecord, url: str, script: Script) -> None:
        """All callbacks of a script, done when this returns."""
        for extra, told in enumerate(script.callbacks):
            self._call(record, url, told, extra, forged=script.forged)

    def stop(self) -> None:
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self.call_now(*job)

    def _call(self, record: SmsRecord, url: str, told: str, extra: int, *, forged: bool) -> None:
        record.become(told)
        status, _, code = told.partition(":")
        fields = {
            "MessageSid": record.sid,
            "SmsSid": record.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": record.to,
            "From": record.sender,
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
        }
        # Twilio adds fields without notice, and blank ones: a signature covers them all.
        fields |= {f"Future{n}": "" if n % 2 else str(n) for n in range(extra)}
        if code:
            fields["ErrorCode"] = code
        # The fragment says how often to try; it is neither sent nor signed.
        address, fragment = urldefrag(url)
        signer = self._forger if forged else self._validator
        headers = {
            "X-Twilio-Signature": signer.compute_signature(address, fields),
            "I-Twilio-Idempotency-Token": secrets.token_hex(8),
        }
        for _ in range(1 + retries(fragment)):
            try:
                answer = client().post(address, data=fields, headers=headers)
                record.callbacks.append(f"{status}:{answer.status_code}")
                if answer.status_code < 400:
                    return
            except httpx.HTTPError as reason:
                record.callbacks.append(f"{status}:{type(reason).__name__}")


def retries(fragment: str) -> int:
    """`rc` of a fragment such as `rc=3&rp=all`, if it asks for retries of everything that may go wrong."""
    wanted = parse_qs(fragment)
    if wanted.get("rp") != ["all"]:
        return 0
    count = wanted.get("rc", ["1"])[0]
    return min(MOST_RETRIES, int(count)) if count.isdecimal() else 0
