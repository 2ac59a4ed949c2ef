"""Status callbacks as Twilio makes them: signed over the address and every field, growing each time."""

import queue
import threading
from typing import Final

import httpx
from twilio.request_validator import RequestValidator

from notifications.emulator.faults import Fault
from notifications.emulator.mailbox import SmsRecord

TIMEOUT_S: Final = 5.0


class Caller:
    """One thread that calls back, in the order a fault asks for."""

    def __init__(self, auth_token: str, account_sid: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._account_sid = account_sid
        self._jobs: queue.Queue[tuple[SmsRecord, str, Fault] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="twilio-callbacks")
        self._thread.start()

    def plan(self, record: SmsRecord, url: str, fault: Fault) -> None:
        self._jobs.put((record, url, fault))

    def stop(self) -> None:
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            record, url, fault = job
            for extra, status in enumerate(_statuses(fault)):
                self._call(record, url, status, extra, fault.value)

    def _call(self, record: SmsRecord, url: str, status: str, extra: int, code: str) -> None:
        record.status = status
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
        if status == "undelivered":
            fields["ErrorCode"] = code
        signature = self._validator.compute_signature(url, fields)
        try:
            answer = httpx.post(
                url,
                data=fields,
                headers={"X-Twilio-Signature": signature},
                timeout=TIMEOUT_S,
                trust_env=False,
            )
            record.callbacks.append(f"{status}:{answer.status_code}")
        except httpx.HTTPError as reason:
            record.callbacks.append(f"{status}:{type(reason).__name__}")


def _statuses(fault: Fault) -> tuple[str, ...]:
    if fault is Fault.NO_CALLBACK:
        return ()
    if fault in (Fault.UNDELIVERED_30005, Fault.UNDELIVERED_30003):
        return ("queued", "sent", "undelivered")
    if fault is Fault.CALLBACKS_DISORDERED:
        return ("delivered", "sent", "delivered", "queued", "sent")
    return ("queued", "sent", "delivered")
