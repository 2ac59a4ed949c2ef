"""Our side of the contract as the kit serves it: enough of the partner API for a system to do its day.

Everything that arrives is written down first and judged later.
"""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from litestar import Litestar, Request, Response, route

from app.core.clock import current_time, local
from app.custody.errors import ItemNumberBound
from app.home_service import facts
from app.home_service.states import Kind, Report
from partners.postal import signing
from partners.postal.kit.numbering import ITEM_NUMBERS
from partners.postal.kit.seen import EVENTS, Call, events_of, new_id
from partners.postal.kit.world import World

TOKEN_S: Final = 600
RETRY_AFTER_S: Final = 1
KEPT_HEADERS: Final = ("authorization", "idempotency-key", "content-type")
TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
WEBHOOKS: Final = "/v1/partner/webhooks"
TASKS: Final = "/v1/partner/tasks"
CHANGES: Final = "/v1/partner/changes"
ONE_TASK: Final = "/v1/partner/tasks/"
DOCUMENTS: Final = "/v1/partner/documents"
COURIERS: Final = "/v1/partner/couriers/"
RUNS: Final = "/v1/partner/runs/"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

# Status, body, headers.
Answer = tuple[int, Any, dict[str, str]]


class OurSide:
    """What is served, and the list of what was asked of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.calls: list[Call] = []
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self._known_events: set[str] = set()
        self._owed_refusal = True

    def app(self) -> Litestar:
        @route(["/", "/{path:path}"], http_method=METHODS)
        async def anything(request: Request[Any, Any, Any]) -> Response[Any]:
            raw = await request.body()
            status, answer, headers = self._answer(request, raw)
            self.calls.append(
                Call(
                    at_s=time.monotonic(),
                    method=request.method,
                    path=request.url.path,
                    headers={name: request.headers.get(name, "") for name in KEPT_HEADERS},
                    body=_json(raw),
                    size_bytes=len(raw),
                    status=status,
                )
            )
            return Response(answer, status_code=status, headers=headers)

        return Litestar(route_handlers=[anything], openapi_config=None, logging_config=None)

    def secret_of(self, url: str) -> str | None:
        """The secret of an endpoint the system registered with us."""
        return next((e["secret"] for e in self.endpoints.values() if e["url"] == url), None)

    def _answer(self, request: Request[Any, Any, Any], raw: bytes) -> Answer:
        """By method and path; a path that goes on is known by its beginning."""
        query = request.query_params
        exact: dict[tuple[str, str], Callable[[], Answer]] = {
            ("POST", TOKEN): lambda: (200, self._token(), {}),
            ("POST", EVENTS): lambda: self._events(raw),
            ("GET", WEBHOOKS): lambda: (200, {"items": list(self.endpoints.values())}, {}),
            ("POST", WEBHOOKS): lambda: (201, self._register(_json(raw)), {}),
            ("GET", TASKS): lambda: (200, {"items": self._world.listed(query.get("date", ""))}, {}),
            ("GET", CHANGES): lambda: (200, self._world.changes(_number(query.get("after", ""))), {}),
            ("POST", ITEM_NUMBERS): lambda: (200, self._world.stock.give(_json(raw)), {}),
            ("GET", ITEM_NUMBERS): lambda: (200, self._world.stock.counts(), {}),
            ("POST", DOCUMENTS): lambda: (201, {"id": new_id(), "state": "quarantined"}, {}),
        }
        beginnings: dict[tuple[str, str], Callable[[], Answer]] = {
            ("DELETE", WEBHOOKS): lambda: self._forget(request.url.path),
            ("GET", ONE_TASK): lambda: self._number_of(request.url.path),
            ("PUT", COURIERS): lambda: (200, _json(raw), {}),
            # Every visit of the kit names its courier from the beginning: no round waits to be told.
            ("POST", RUNS): lambda: (200, {"date": request.url.path.split("/")[-2], "published": 0}, {}),
        }
        found = exact.get((request.method, request.url.path))
        for (method, beginning), answer in beginnings.items():
            if request.method == method and request.url.path.startswith(beginning):
                found = answer
        return found() if found else (404, {"code": "not_found", "status": 404}, {})

    def _forget(self, path: str) -> Answer:
        self.endpoints.pop(path.rpartition("/")[2], None)
        return 204, None, {}

    def _number_of(self, path: str) -> Answer:
        found = self._world.stock.of_visit(path.split("/")[4]) if path.endswith("/item-number") else None
        if found is None:
            return 404, {"code": "item_number_not_found", "status": 404}, {}
        return 200, {"number": found}, {}

    def _token(self) -> dict[str, Any]:
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_S}

    def _register(self, body: Any) -> dict[str, Any]:
        endpoint: dict[str, Any] = {
            "id": new_id(),
            "url": str(body.get("url", "")) if isinstance(body, dict) else "",
            "state": "active",
            "created_at": local(current_time()).isoformat(),
            "version": 1,
            "secret": signing.new_secret(),
        }
        self.endpoints[endpoint["id"]] = endpoint
        return endpoint

    def _events(self, raw: bytes) -> Answer:
        """The first batch meets a moment's outage; what is sent again is taken."""
        if self._owed_refusal:
            self._owed_refusal = False
            busy = {"code": "unavailable", "status": 503}
            return 503, busy, {"Retry-After": str(RETRY_AFTER_S)}
        call = Call(0, "POST", EVENTS, {}, _json(raw), len(raw), 200)
        return 200, {"results": [self._result(report.id, report) for report in events_of(call)]}, {}

    def _result(self, event_id: str, report: Any) -> dict[str, Any]:
        if event_id in self._known_events:
            return {"event_id": event_id, "outcome": "duplicate"}
        self._known_events.add(event_id)
        try:
            reason = facts.fault(Kind.COLLECTION, Report(report.type), report.data)
        except ValueError:
            reason = "invalid_fact"
        if reason is not None:
            return {"event_id": event_id, "outcome": "rejected", "reason": reason}
        item = report.data.get("item") if report.type == "sealed" else None
        if item and self._world.stock.is_on_another(str(item), report.task_id):
            # The bag is a fact and the report is kept; that number is not on it.
            return {"event_id": event_id, "outcome": "applied", "reason": ItemNumberBound.code}
        return {"event_id": event_id, "outcome": "applied"}


def _json(raw: bytes) -> Any:
    """The body as it was written; anything else than JSON is None."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
