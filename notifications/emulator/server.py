"""The emulator's HTTP side: a threading server of the standard library, one handler per resource."""

import base64
import contextlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from notifications.emulator.callbacks import Caller
from notifications.emulator.faults import EVERYBODY, Script, Scripts
from notifications.emulator.mailbox import Mailbox, SmsRecord

HANG_S: Final = 20.0
MESSAGES: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-zA-Z]+)/Messages\.json")
MESSAGE: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-zA-Z]+)/Messages/(SM[0-9a-f]{32})\.json")


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /__script`: how calls to a number go from now on; `*` is every number."""

    script: Script
    to: str = EVERYBODY


class ToCall(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /__callback`: tell the status of a message now, however long ago it was accepted."""

    sid: str
    script: Script


class TwilioEmulator(ThreadingHTTPServer):
    """One account."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, *, account_sid: str, auth_token: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.mailbox = Mailbox()
        self.scripts = Scripts()
        self.caller = Caller(auth_token, account_sid)
        self.closing = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: TwilioEmulator
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet: the log of an emulator is `/__log`."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/__log":
            self._json(200, {"messages": [m.as_log() for m in self.server.mailbox.all()]})
            return
        if parts.path == "/__script":
            self._json(200, msgspec.to_builtins(self.server.scripts.all()))
            return
        if not self._authorised():
            return
        found = MESSAGE.fullmatch(parts.path)
        if found:
            record = self.server.mailbox.by_sid(found[2])
            if record is None:
                self._problem(404, 20404, "The requested resource was not found")
            else:
                self._json(200, self._resource(record))
            return
        if MESSAGES.fullmatch(parts.path):
            self._list(parse_qs(parts.query))
            return
        self._problem(404, 20404, "The requested resource was not found")

    def do_DELETE(self) -> None:
        if urlsplit(self.path).path != "/__script":
            self._problem(404, 20404, "The requested resource was not found")
            return
        self.server.scripts.clear()
        self._json(200, {})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = urlsplit(self.path).path
        if path in ("/__script", "/__callback"):
            self._told(path, raw)
            return
        if not self._authorised():
            return
        if not MESSAGES.fullmatch(path):
            self._problem(404, 20404, "The requested resource was not found")
            return
        form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
        self._create(form)

    def _told(self, path: str, raw: bytes) -> None:
        """What whoever tries something asks of the emulator itself."""
        try:
            if path == "/__script":
                told = msgspec.json.decode(raw, type=Told)
                self.server.scripts.put(told.to, told.script)
            else:
                asked = msgspec.json.decode(raw, type=ToCall)
                record = self.server.mailbox.by_sid(asked.sid)
                if record is None:
                    self._problem(404, 20404, "The requested resource was not found")
                    return
                self.server.caller.call_now(record, record.form.get("StatusCallback", ""), asked.script)
        except msgspec.DecodeError as reason:
            self._json(422, {"message": str(reason)})
            return
        self._json(200, {})

    def _create(self, form: dict[str, str]) -> None:
        to, body = form.get("To", ""), form.get("Body", "")
        self.server.mailbox.note_call(to)
        if not re.fullmatch(r"\+[1-9][0-9]{7,14}", to):
            self._problem(400, 21211, "The 'To' number is not a valid phone number.")
            return
        if not body:
            self._problem(400, 21602, "Message body is required.")
            return
        script = self.server.scripts.take(to)
        record = self._accept(form, script) if script.is_accepted else None
        if script.then == "hang":
            self.server.closing.wait(HANG_S)
            self.close_connection = True
        elif script.then == "cut":
            self.close_connection = True
            self.connection.close()
        else:
            self._answer(script, record)

    def _accept(self, form: dict[str, str], script: Script) -> SmsRecord:
        record = self.server.mailbox.add(form)
        if script.outcome:
            record.become(script.outcome)
        callback = form.get("StatusCallback")
        if callback and script.before_the_answer:
            self.server.caller.call_now(record, callback, script)
        elif callback:
            self.server.caller.plan(record, callback, script)
        return record

    def _answer(self, script: Script, record: SmsRecord | None) -> None:
        headers = {} if script.retry_after_s is None else {"Retry-After": str(script.retry_after_s)}
        if script.body == "html":
            self._raw(script.status, "text/html", b"<html><body>Bad gateway</body></html>", headers)
        elif script.body == "garbage":
            self._raw(script.status, "application/json", b"{not json", headers)
        elif script.status < 400:
            self._json(script.status, {} if record is None else self._resource(record))
        else:
            code, status = script.code or script.status, script.status
            answer: dict[str, Any] = {
                "code": code,
                "message": "As scripted",
                "more_info": "",
                "status": status,
            }
            kind = "application/json"
            if script.body == "problem":
                kind = "application/problem+json"
                answer = {"type": "about:blank", "title": "As scripted", "status": status, "code": code}
            self._raw(status, kind, json.dumps(answer).encode(), headers)

    def _list(self, query: dict[str, list[str]]) -> None:
        to = query.get("To", [""])[0]
        since = query.get("DateSent>", query.get("DateSentAfter", [""]))[0]
        earliest = datetime.fromisoformat(since) if since else None
        records = [
            record
            for record in self.server.mailbox.all()
            if (not to or record.to == to)
            and (earliest is None or record.created_at >= earliest.replace(tzinfo=UTC))
        ]
        self._json(
            200,
            {
                "messages": [self._resource(record) for record in records],
                "page": 0,
                "page_size": 50,
                "next_page_uri": None,
                "uri": self.path,
            },
        )

    def _resource(self, record: SmsRecord) -> dict[str, Any]:
        """The documented fields a client reads."""
        created = format_datetime(record.created_at)
        return {
            "sid": record.sid,
            "account_sid": self.server.account_sid,
            "to": record.to,
            "from": record.sender,
            "body": record.body,
            "status": record.status,
            "direction": "outbound-api",
            "num_segments": str(record.segments),
            "num_media": "0",
            "api_version": "2010-04-01",
            "date_created": created,
            "date_updated": created,
            "date_sent": created,
            "error_code": record.error_code,
            "error_message": None,
            "price": record.price,
            "price_unit": "USD",
            "messaging_service_sid": record.form.get("MessagingServiceSid"),
            "uri": f"/2010-04-01/Accounts/{self.server.account_sid}/Messages/{record.sid}.json",
            "subresource_uris": {},
        }

    def _authorised(self) -> bool:
        account, token = self.server.account_sid, self.server.auth_token
        expected = base64.b64encode(f"{account}:{token}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {expected}":
            return True
        self._problem(401, 20003, "Authenticate")
        return False

    def _problem(self, status: int, code: int, message: str) -> None:
        self._json(status, {"code": code, "message": message, "more_info": "", "status": status})

    def _json(self, status: int, value: Any) -> None:
        self._raw(status, "application/json", json.dumps(value).encode())

    def _raw(
        self, status: int, content_type: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def make_emulator(port: int, *, account_sid: str, auth_token: str) -> TwilioEmulator:
    return TwilioEmulator(port, account_sid=account_sid, auth_token=auth_token)


@contextlib.contextmanager
def running_emulator(*, account_sid: str, auth_token: str) -> Iterator[TwilioEmulator]:
    """The emulator on a free port, for as long as the block runs."""
    emulator = make_emulator(0, account_sid=account_sid, auth_token=auth_token)
    # Looks often whether it should stop: whoever leaves the block waits for that.
    thread = threading.Thread(
        target=emulator.serve_forever, args=(0.02,), daemon=True, name="twilio-emulator"
    )
    thread.start()
    try:
        yield emulator
    finally:
        emulator.closing.set()
        emulator.caller.stop()
        emulator.shutdown()
        emulator.server_close()
        thread.join(timeout=5)
