"""The portal's HTTP side: signing in, one address for every service, and a log to look at."""

import contextlib
import json
import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from partners.portal.client import LOOK_UP, PROGRESS, SERVICE_PATH, SIGN_IN_PATH, SYNCHRONISE
from partners.portal.emulator.book import Book
from partners.portal.emulator.faults import Fault

HOST: Final = "127.0.0.1"
NOT_SIGNED_IN, NO_SUCH_SERVICE, NOT_UNDERSTOOD, NOT_YOURS = "01", "90", "91", "92"
LONGEST_BODY: Final = 1_000_000


class PortalEmulator(ThreadingHTTPServer):
    """One portal with one account. `faults` are taken one per request to a service.

    From `down_from`, for as long as `down_for`, nobody is answered but with 503, by `clock`.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, port: int, *, agency: str, user: str, password: str, clock: Callable[[], datetime]
    ) -> None:
        super().__init__((HOST, port), _Handler)
        self.account = (user, password)
        self.agency = agency
        self.clock = clock
        self.book = Book()
        self.faults: deque[Fault] = deque()
        self.sessions: set[str] = set()
        self.down_from: datetime | None = None
        self.down_for = timedelta()
        # By service: how often it was asked, answered or not.
        self.asked: Counter[str] = Counter()
        self.turned_away = 0
        self.closing = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    @property
    def is_down(self) -> bool:
        return self.down_from is not None and (
            self.down_from <= self.clock() < self.down_from + self.down_for
        )

    def break_down(self, how_long: timedelta) -> None:
        self.down_from, self.down_for = self.clock(), how_long

    def serve_service(self, body: dict[str, Any]) -> dict[str, Any]:
        """What a service answers; a fault stands between this and the caller."""
        if body.get("session") not in self.sessions:
            return {"error_code": NOT_SIGNED_IN, "message": "Phiên làm việc không hợp lệ"}
        if body.get("madonvi") != self.agency:
            return {"error_code": NOT_YOURS, "message": "Mã đơn vị không hợp lệ"}
        service = body.get("service")
        with self.book.lock:
            if service == LOOK_UP:
                return {"error_code": 0, "result": self.book.look_up(str(body.get("mahoso")))}
            data = body.get("data")
            if not isinstance(data, list) or not data:
                return {"error_code": NOT_UNDERSTOOD, "message": "Thiếu dữ liệu"}
            if service == SYNCHRONISE:
                code = self.book.synchronise(data, is_updating=body.get("isUpdating") == "True")
            elif service == PROGRESS:
                code = self.book.progress(data)
            else:
                code = NO_SUCH_SERVICE
        return {"error_code": code, "message": ""}

    def log(self) -> dict[str, Any]:
        """Numbers and steps; nobody's name."""
        with self.book.lock:
            dossiers = {
                number: {"status": kept.status, "steps": kept.steps}
                for number, kept in self.book.kept.items()
            }
        return {"dossiers": dossiers, "asked": dict(self.asked)}


class _Handler(BaseHTTPRequestHandler):
    server: PortalEmulator
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet: the log of an emulator is `/__log`."""

    def do_GET(self) -> None:
        if self.path == "/__log":
            self._json(200, self.server.log())
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            self._json(400, {"error_code": NOT_UNDERSTOOD})
        elif self.path == "/__faults":
            self._arrange(body)
        elif self.server.is_down:
            self.server.turned_away += 1
            self._json(503, {})
        elif self.path == SIGN_IN_PATH:
            self._sign_in(body)
        elif self.path == SERVICE_PATH:
            self._service(body)
        else:
            self._json(404, {})

    def _body(self) -> dict[str, Any] | None:
        length = int(self.headers.get("Content-Length") or "0")
        raw = self.rfile.read(min(length, LONGEST_BODY))
        with contextlib.suppress(ValueError):
            found = json.loads(raw)
            if isinstance(found, dict):
                return found
        return None

    def _arrange(self, body: dict[str, Any]) -> None:
        """`{"faults": ["lost", …], "down_minutes": 20}`: what goes wrong from here on."""
        try:
            self.server.faults.extend(Fault(name) for name in body.get("faults", []))
            if "down_minutes" in body:
                self.server.break_down(timedelta(minutes=float(body["down_minutes"])))
        except (ValueError, TypeError):
            self._json(400, {"faults": [fault.value for fault in Fault]})
        else:
            self._json(200, {})

    def _sign_in(self, body: dict[str, Any]) -> None:
        if (body.get("username"), body.get("password")) != self.server.account:
            self._json(200, {"error_code": NOT_SIGNED_IN, "message": "Sai tài khoản"})
            return
        session = secrets.token_urlsafe(16)
        self.server.sessions.add(session)
        self._json(200, {"error_code": 0, "session": session})

    def _service(self, body: dict[str, Any]) -> None:
        self.server.asked[str(body.get("service"))] += 1
        fault = self._next_fault()
        if fault is Fault.SESSION_OVER:
            self.server.sessions.clear()
        if fault is Fault.ERROR:
            self._json(500, {})
        elif fault is Fault.SILENT:
            self._hang()
        else:
            answer = self.server.serve_service(body)
            if fault is Fault.TWICE:
                answer = self.server.serve_service(body)
            self._say(answer, fault)

    def _next_fault(self) -> Fault:
        try:
            return self.server.faults.popleft()
        except IndexError:
            return Fault.NONE

    def _say(self, answer: dict[str, Any], fault: Fault) -> None:
        """What was done is answered, or not."""
        if fault is Fault.LOST:
            self._hang()
        elif fault is Fault.CUT:
            self.close_connection = True
            self.connection.close()
        elif fault is Fault.GARBAGE:
            self._send(200, b"<html>\xff")
        else:
            self._json(200, answer)

    def _hang(self) -> None:
        self.server.closing.wait()
        self.close_connection = True

    def _json(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def running_portal(
    port: int = 0,
    *,
    agency: str,
    user: str,
    password: str,
    clock: Callable[[], datetime] = _now,
) -> Iterator[PortalEmulator]:
    """Answers until the block ends."""
    portal = PortalEmulator(port, agency=agency, user=user, password=password, clock=clock)
    thread = threading.Thread(target=portal.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        portal.closing.set()
        portal.shutdown()
        portal.server_close()
        thread.join()
