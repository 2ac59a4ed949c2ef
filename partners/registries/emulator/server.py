"""The gateway: one address per registry, a token, and people who are put there by whoever tries it.

`faults` are by registry, taken one per question: `error` is a 500, `silent` never answers, `garbage` is no
JSON, `shape` a record nobody knows. A registry in `down` answers 503 to everybody. Stores of papers
are registries named `papers/{store}`.
"""

import contextlib
import hmac
import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Final

from partners.registries.port import Registry
from partners.registries.sources import ACTIVE

HOST: Final = "127.0.0.1"
LONGEST_BODY: Final = 100_000
PAPERS: Final = "papers/"
FAULTS: Final = frozenset({"error", "silent", "garbage", "shape"})
KEY_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {registry: "MaSoThue" if registry is Registry.BUSINESS else "SoDinhDanh" for registry in Registry}
)
RECORDS: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = MappingProxyType(
    {
        Registry.POPULATION: lambda name: {"HoVaTen": name, "NgaySinh": "19900101"},
        Registry.BUSINESS: lambda name: {"TenDoanhNghiep": name, "TrangThai": ACTIVE},
        Registry.INSURANCE: lambda name: {"HoTen": name, "TrangThai": ACTIVE},
        Registry.LAND: lambda name: {"ChuSuDungDat": [name]},
    }
)


class RegistriesEmulator(ThreadingHTTPServer):
    """`names` holds who a key belongs to, by registry and key; `asked` counts questions, `purposes` why."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__((HOST, port), _Handler)
        self.token = token
        self.names: dict[tuple[str, str], str] = {}
        self.papers: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        self.down: set[str] = set()
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.asked: Counter[str] = Counter()
        self.purposes: Counter[str] = Counter()
        self.closing = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    def put(self, registry: str, key: str, name: str) -> None:
        self.names[registry, key] = name

    def keep(self, store: str, key: str, paper: dict[str, str]) -> None:
        """The store has this paper of the person: `MaKetQua`, `TenGiayTo`, `MaLuuTru`, and its days."""
        self.papers[f"{PAPERS}{store}", key].append(paper)

    def found_papers(self, store: str, key: str, wanted: Any) -> dict[str, Any]:
        """Of those asked for: by the result that replaces it, or else by its name."""
        held = self.papers.get((store, key), [])
        found = [
            paper | {"ThuTu": each["ThuTu"]}
            for each in wanted
            for paper in held
            if (each["MaKetQua"] or each["TenGiayTo"]) in (paper["MaKetQua"], paper["TenGiayTo"])
        ]
        return {"found": bool(found), "data": {"GiayTo": found}}

    def answer(self, registry: str, key: str) -> dict[str, Any]:
        name = self.names.get((registry, key))
        if name is None:
            return {"found": False}
        return {"found": True, "data": RECORDS[registry](name)}


class _Handler(BaseHTTPRequestHandler):
    server: RegistriesEmulator
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet: the log of an emulator is `/__log`."""

    def do_GET(self) -> None:
        if self.path == "/__log":
            self._json(200, {"asked": dict(self.server.asked), "purposes": dict(self.server.purposes)})
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        body = self._body()
        registry = self.path.removeprefix("/")
        if body is None:
            self._json(400, {})
        elif self.path == "/__people":
            self._arrange(body)
        elif self.path == "/__papers":
            self._arrange_paper(body)
        elif registry not in RECORDS and not registry.startswith(PAPERS):
            self._json(404, {})
        elif not hmac.compare_digest(
            self.headers.get("Authorization", "").encode(), f"Bearer {self.server.token}".encode()
        ):
            self._json(401, {})
        elif registry in self.server.down:
            self.server.asked[registry] += 1
            self._json(503, {})
        else:
            self._question(registry, body)

    def _question(self, registry: str, body: dict[str, Any]) -> None:
        self.server.asked[registry] += 1
        self.server.purposes[str(body.get("MucDich"))] += 1
        key = body.get(KEY_FIELDS.get(registry, "SoDinhDanh"))
        match self._next_fault(registry):
            case "error":
                self._json(500, {})
            case "silent":
                self.server.closing.wait()
                self.close_connection = True
            case "garbage":
                self._send(200, b"<html>\xff")
            case "shape":
                self._json(200, {"found": True, "data": {"Ten": 5}})
            case _ if not isinstance(key, str) or not key or not body.get("MucDich"):
                self._json(422, {})
            case _ if registry.startswith(PAPERS):
                self._json(200, self.server.found_papers(registry, key, body.get("GiayTo") or []))
            case _:
                self._json(200, self.server.answer(registry, key))

    def _next_fault(self, registry: str) -> str:
        try:
            return self.server.faults[registry].popleft()
        except IndexError:
            return ""

    def _arrange(self, body: dict[str, Any]) -> None:
        """`{"registry": …, "key": …, "name": …}`: somebody is known there from here on."""
        if body.get("registry") not in RECORDS or not all(
            isinstance(body.get(n), str) for n in ("key", "name")
        ):
            self._json(422, {})
            return
        self.server.put(body["registry"], body["key"], body["name"])
        self._json(200, {})

    def _arrange_paper(self, body: dict[str, Any]) -> None:
        """`{"store": …, "key": …, "MaKetQua": …, "TenGiayTo": …, "MaLuuTru": …}`: the store has it."""
        names = ("store", "key", "MaKetQua", "TenGiayTo", "MaLuuTru")
        if not all(isinstance(value, str) for value in body.values()) or not body.keys() >= set(names):
            self._json(422, {})
            return
        store, key = body.pop("store"), body.pop("key")
        self.server.keep(store, key, body)
        self._json(200, {})

    def _body(self) -> dict[str, Any] | None:
        length = int(self.headers.get("Content-Length") or "0")
        raw = self.rfile.read(min(length, LONGEST_BODY))
        with contextlib.suppress(ValueError):
            found = json.loads(raw)
            if isinstance(found, dict):
                return found
        return None

    def _json(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def running_registries(port: int = 0, *, token: str) -> Iterator[RegistriesEmulator]:
    """Answers until the block ends."""
    gateway = RegistriesEmulator(port, token=token)
    thread = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.closing.set()
        gateway.shutdown()
        gateway.server_close()
        thread.join()
