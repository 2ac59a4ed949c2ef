"""The OpenAPI documents: what the framework derives, plus what every route here shares.

Common answers (who may not call, what cannot be read, what is away) are added to each operation from its
callers and its parts, so that no route answers with a status its document does not name.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from litestar import Litestar, Request, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.params import FromPath

from app.core.errors import NotFound
from app.http.access import CALLERS, SCOPE, open_to
from app.http.principals import AUDIENCE_OF, Audience, Caller
from app.http.problems import MEDIA_TYPE

VERSION: Final = "1.0.0"
PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})

WORDS: Final = {
    400: "`malformed`, `bad_parameter`: the request cannot be read",
    401: "`unauthenticated`: no token, or not one for this API",
    403: "`forbidden`: a known function that is not the caller's",
    404: "`not_found`: unknown, or somebody else's",
    409: "`request_in_progress`, `conflict`: the state does not allow it",
    412: "`precondition_failed`: another version or state",
    413: "`too_large`",
    415: "`unsupported_media_type`: application/json only",
    422: "`invalid_value`: well-formed and not valid",
    428: "`precondition_required`: If-Match is missing",
    429: "`too_many_requests`, with Retry-After",
    503: "`unavailable`, with Retry-After",
}

# The framework's own route is not served; ours adds what it cannot know.
CONFIG: Final = OpenAPIConfig(
    title="Motcua",
    version=VERSION,
    description=(
        "Appointments, queues and home service of one-stop public service centres (bộ phận một"
        " cửa). Errors are problem documents (RFC 9457) with a stable `code`."
    ),
    path="/_framework_schema",
    render_plugins=(),
)


def handlers_of(app: Litestar) -> Iterable[HTTPRouteHandler]:
    """Every HTTP handler of the application, once."""
    seen: set[int] = set()
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and id(handler) not in seen:
                seen.add(id(handler))
                yield handler


def document(app: Litestar, audience: Audience | None = None) -> dict[str, Any]:
    """The whole contract, or the part one audience uses."""
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    callers = {
        handler.operation_id: handler.opt
        for handler in handlers_of(app)
        if isinstance(handler.operation_id, str)
    }
    paths: dict[str, Any] = {}
    for path, item in schema["paths"].items():
        kept = {
            verb: _completed(operation, callers[operation["operationId"]])
            for verb, operation in item.items()
            if verb in METHODS and _is_for(callers[operation["operationId"]], audience)
        }
        if kept:
            paths[path] = kept
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {
        name.value: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"} for name in Audience
    }
    return schema | {"paths": dict(sorted(paths.items())), "components": components}


def _is_for(opt: Mapping[str, Any], audience: Audience | None) -> bool:
    callers = opt.get(CALLERS) or frozenset()
    if audience is None or Caller.ANYONE in callers:
        return True
    return audience in {AUDIENCE_OF.get(caller) for caller in callers}


def _completed(operation: dict[str, Any], opt: Mapping[str, Any]) -> dict[str, Any]:
    callers: frozenset[Caller] = opt.get(CALLERS) or frozenset()
    responses = dict(operation.get("responses", {}))
    # The framework documents its own 400 in its own shape; ours replaces it.
    responses.pop("400", None) if operation["operationId"] != "getPartnerToken" else None
    for status in _statuses(operation, callers):
        responses.setdefault(
            str(status),
            {"description": WORDS[status], "content": {MEDIA_TYPE: {"schema": PROBLEM}}},
        )
    completed = operation | {"responses": dict(sorted(responses.items()))}
    if "requestBody" in operation and _may_be_left_out(operation["requestBody"]):
        completed["requestBody"] = operation["requestBody"] | {"required": False}
    audiences = sorted({AUDIENCE_OF[c].value for c in callers if c in AUDIENCE_OF})
    if audiences:
        completed["security"] = [{name: []} for name in audiences]
        completed["x-callers"] = sorted(callers)
    if opt.get(SCOPE):
        completed["x-scope"] = opt[SCOPE]
    return completed


def _may_be_left_out(body: Mapping[str, Any]) -> bool:
    """The framework asks for a body that its handler takes as `None`."""
    schemas = [media["schema"] for media in body["content"].values()]
    return any({"type": "null"} in schema.get("oneOf", ()) for schema in schemas)


def _statuses(operation: Mapping[str, Any], callers: frozenset[Caller]) -> set[int]:
    statuses = {400, 401, 503}
    if not callers & {Caller.ANYONE, Caller.PROVIDER}:
        statuses |= {403}
    parameters = operation.get("parameters", [])
    if any(parameter["in"] == "path" for parameter in parameters):
        statuses |= {404}
    if any(parameter["in"] == "query" for parameter in parameters):
        statuses |= {422}
    if "requestBody" in operation:
        statuses |= {413, 415, 422}
    return statuses


@get("/openapi.json", operation_id="getContract", opt=open_to(Caller.ANYONE), tags=["operation"])
async def whole(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The whole contract."""
    return _cached(request.app, None)


@get(
    "/openapi/{name:str}",
    operation_id="getContractOfAudience",
    opt=open_to(Caller.ANYONE),
    tags=["operation"],
)
async def part(request: Request[Any, Any, Any], name: FromPath[str]) -> dict[str, Any]:
    """One audience's part: `citizen.json`, `staff.json`, `partner.json` or `device.json`."""
    audience = name.removesuffix(".json")
    if not name.endswith(".json") or audience not in set(Audience):
        raise NotFound
    return _cached(request.app, Audience(audience))


def _cached(app: Litestar, audience: Audience | None) -> dict[str, Any]:
    documents: dict[Audience | None, dict[str, Any]] = app.state.setdefault("contract", {})
    if audience not in documents:
        documents[audience] = document(app, audience)
    return documents[audience]


contract_router: Final = Router(path="/", route_handlers=[whole, part])
