"""One page of everything the emulated ways were given, newest first; `/__log` is the same as JSON."""

import html
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from notifications.emulator.told import HOST

PAGE: Final = """<!doctype html><html lang="vi"><meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<title>Hộp thư thử · Mailbox</title><style>body{{font:16px/1.5 system-ui;margin:2rem}}
td,th{{padding:.3rem .8rem;text-align:left;vertical-align:top;border-bottom:1px solid #ccc}}
pre{{margin:0;white-space:pre-wrap;font:inherit}}</style>
<h1>Hộp thư thử · Mailbox</h1>
<p>Không có gì ra khỏi máy này. · Nothing leaves this machine.</p>
<table><thead><tr><th>Lúc · At<th>Kênh · Way<th>Gửi đến · To<th>Nội dung · Text</thead><tbody>{rows}</tbody>
</table></html>"""
NOTHING: Final = "<tr><td colspan=4>Chưa có gì. · Nothing yet."
READERS: Final[dict[str, Callable[[dict[str, Any]], tuple[str, str]]]] = {
    "brandname": lambda taken: (taken["Phone"], taken["Content"]),
    "zalo": lambda taken: (
        taken["phone"],
        f"{taken['template_id']}: {json.dumps(taken['template_data'], ensure_ascii=False)}",
    ),
    "push": lambda taken: (
        taken["token"],
        f"{taken['notification']['title']}\n{taken['notification']['body']}",
    ),
}


class Entry(NamedTuple):
    """One message as somebody reads it; `whole` is what the provider was given."""

    at: datetime
    way: str
    to: str
    text: str
    whole: Any

    def as_row(self) -> str:
        cells = (f"{self.at.astimezone():%H:%M:%S}", self.way, self.to)
        return (
            "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in cells)
            + f"<td><pre>{html.escape(self.text)}</pre>"
        )  # fmt: skip


class MailboxPage(ThreadingHTTPServer):
    """Shows what `note` and `note_letter` were told."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def note(self, way: str, taken: dict[str, Any]) -> None:
        to, text = READERS[way](taken)
        self._add(Entry(datetime.now(UTC), way, to, text, taken))

    def note_letter(self, to: str, mail: EmailMessage) -> None:
        body = mail.get_body(("plain",))
        text = body.get_content().strip() if body is not None else ""
        parts = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
        whole = {"headers": {name: str(value) for name, value in mail.items()}, "parts": parts}
        self._add(Entry(datetime.now(UTC), "email", to, f"{mail['Subject']}\n{text}", whole))

    def entries(self) -> list[Entry]:
        """The newest first."""
        with self._lock:
            return self._entries[::-1]

    def _add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)


class _Handler(BaseHTTPRequestHandler):
    server: MailboxPage
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet."""

    def do_GET(self) -> None:
        entries = self.server.entries()
        if self.path == "/__log":
            told = [entry._asdict() | {"at": entry.at.isoformat()} for entry in entries]
            self._write("application/json", json.dumps({"messages": told}, ensure_ascii=False))
        else:
            rows = "".join(entry.as_row() for entry in entries) or NOTHING
            self._write("text/html; charset=utf-8", PAGE.format(rows=rows))

    def _write(self, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
