"""What the emulators of providers over HTTP have in common: a server, a log, and faults told beforehand.

A fault is taken by one call: `busy` is a 429 with `Retry-After: 7`, `error` a 500, `garbage` no JSON,
`silent` no answer although the message was taken, `cut` a connection closed after it was. Any other word
is a code the provider itself answers with.
"""

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

HOST: Final = "127.0.0.1"
LONGEST_BODY: Final = 200_000
LONGEST_SILENCE_S: Final = 20.0
PAUSE_S: Final = 7


class Call(NamedTuple):
    """A request as a provider reads it; `fault` is the word told for it, or nothing."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    fault: str


class Reply(NamedTuple):
    status: int
    body: Mapping[str, Any]


class Provider(ThreadingHTTPServer):
    """One provider. `answer` is its own; what it took is in `taken`, every call in `calls`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self.taken: list[dict[str, Any]] = []
        self.calls: list[Call] = []
        # Told of every message that was taken.
        self.heard: Callable[[dict[str, Any]], None] = lambda _: None
        self.faults: deque[str] = deque()
        self.closing = threading.Event()
        self.lock = threading.Lock()

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    def answer(self, call: Call) -> Reply:
        """Under the lock: one call after the other."""
        raise NotImplementedError

    def take(self, message: dict[str, Any]) -> None:
        self.taken.append(message)
        self.heard(message)

    def respond(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> tuple[str, Reply]:
        with self.lock:
            fault = self.faults.popleft() if self.faults else ""
            call = Call(path, headers, body, fault)
            self.calls.append(call)
            if fault == "busy":
                return fault, Reply(429, {"error": "busy"})
            if fault == "error":
                return fault, Reply(500, {"error": "internal"})
            return fault, self.answer(call)


class _Handler(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet: the log of an emulator is `/__log`."""

    def do_GET(self) -> None:
        self._write(200, json.dumps({"taken": self.server.taken}).encode())

    def do_POST(self) -> None:
        raw = self.rfile.read(min(LONGEST_BODY, int(self.headers.get("Content-Length", "0"))))
        parts = urlsplit(self.path)
        if parts.path == "/__faults":
            self.server.faults.extend(json.loads(raw))
            self._write(200, b"{}")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault, reply = self.server.respond(parts.path, headers, _read(headers, raw))
        if fault == "silent":
            self.server.closing.wait(LONGEST_SILENCE_S)
        if fault in {"silent", "cut"}:
            self.close_connection = True
            self.connection.close()
            return
        extra = {"Retry-After": str(PAUSE_S)} if fault == "busy" else {}
        body = b"{not json" if fault == "garbage" else json.dumps(reply.body).encode()
        self._write(reply.status, body, extra)

    def _write(self, status: int, body: bytes, extra: Mapping[str, str] = {}) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in extra.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)


def _read(headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw.decode()))
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def running(provider: Provider) -> Iterator[None]:
    """The provider answers for as long as the block runs."""
    # Looks often whether it should stop: whoever leaves the block waits for that.
    thread = threading.Thread(target=provider.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        provider.closing.set()
        provider.shutdown()
        provider.server_close()
        thread.join(timeout=5)
