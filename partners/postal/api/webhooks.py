"""Webhook endpoints and the feed they push."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from app.core.clock import local
from app.http.access import open_to
from app.http.body import Moment
from app.http.lists import Cursor, Limit, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.http.versions import etag
from partners.postal import feed, pushing, scopes, webhooks
from partners.postal.egress import Egress
from partners.postal.errors import (
    EventNotFound,
    ReplayNotValid,
    UrlNotAllowed,
    WebhookNotActive,
    WebhookNotFound,
)
from partners.postal.pushing import MOST_REPLAYED
from partners.postal.webhooks import Delivery, Endpoint, NewEndpoint, Stuck

MANAGE: Final = scopes.WEBHOOK_MANAGE
READ: Final = scopes.VISITS_READ

After = Annotated[int, QueryParameter(ge=0, le=2**53, description="The last `seq` the partner has seen.")]


class EndpointRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    url: Annotated[str, msgspec.Meta(min_length=10, max_length=500, pattern="^https?://")]


class EndpointChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`paused` stops the telling: what happens meanwhile is in the feed, and can be replayed."""

    url: Annotated[str, msgspec.Meta(min_length=10, max_length=500, pattern="^https?://")] | None = None
    state: Literal["active", "paused"] | None = None


class ReplayRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Either `event_ids`, or what happened `from` (with it) `to` (without it); at most 500."""

    from_: Moment | None = msgspec.field(name="from", default=None)
    to: Moment | None = None
    event_ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=MOST_REPLAYED)] | None = (
        None
    )


class ReplayView(msgspec.Struct):
    """`events` will be told again, with their own ids."""

    replay_id: uuid.UUID
    events: int


class SkipRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    event_id: uuid.UUID


class StuckView(msgspec.Struct):
    """The first event that was not taken; later ones of `subject` wait behind it."""

    event_id: uuid.UUID
    subject: str
    since: datetime
    attempts: int
    last_outcome: str

    @classmethod
    def of(cls, row: Stuck) -> "StuckView":
        return cls(row.event_id, row.subject, local(row.since), row.attempts, row.last_outcome)


class EndpointView(msgspec.Struct, omit_defaults=True):
    """`secret` is there once: when the endpoint is made or its secret rotated. `stuck` names what was not
    taken: `POST …/skip` passes it over.
    """

    id: uuid.UUID
    url: str
    state: str
    created_at: datetime
    version: int
    secret: str | None = None
    stuck: StuckView | None = None

    @classmethod
    def of(cls, row: Endpoint, stuck: Stuck | None = None) -> "EndpointView":
        return cls(
            stuck=StuckView.of(stuck) if stuck else None,
            id=row.id,
            url=row.url,
            state=row.state,
            created_at=local(row.created_at),
            version=row.version,
        )

    @classmethod
    def with_secret(cls, made: NewEndpoint) -> "EndpointView":
        view = cls.of(made.endpoint)
        view.secret = made.secret
        return view


class EndpointList(msgspec.Struct):
    items: list[EndpointView]
    next_cursor: str | None = None


class DeliveryView(msgspec.Struct):
    id: uuid.UUID
    event_id: uuid.UUID
    at: datetime
    took_ms: int
    status: int | None
    outcome: str
    replay_id: uuid.UUID | None

    @classmethod
    def of(cls, row: Delivery) -> "DeliveryView":
        return cls(
            id=row.id,
            event_id=row.event_id,
            at=local(row.at),
            took_ms=row.took_ms,
            status=row.status,
            outcome=row.outcome,
            replay_id=row.replay_id,
        )


class DeliveryList(msgspec.Struct):
    items: list[DeliveryView]
    next_cursor: str | None = None


class ChangeView(msgspec.Struct):
    """One event of the feed and its number."""

    seq: int
    event: msgspec.Raw


class ChangeList(msgspec.Struct):
    """`next` is what to pass as `after` next time."""

    items: list[ChangeView]
    next: int
    next_cursor: str | None = None


def _egress(request: MotcuaRequest) -> Egress:
    return Egress(allow_private=request.app.state.settings.allow_private_webhooks)


@post(
    "/v1/partner/webhooks",
    operation_id="registerWebhook",
    summary="Register a webhook endpoint",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
    responses=problems(UrlNotAllowed),
)
async def register_webhook(
    request: MotcuaRequest,
    data: JSONBody[EndpointRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[EndpointView]:
    """The answer holds the secret, once."""
    return await once(
        EndpointView.with_secret,
        webhooks.register(partner_id=principal.id, url=data.url, egress=_egress(request), now=now),
        status=201,
    )


@get(
    "/v1/partner/webhooks",
    operation_id="listWebhooks",
    summary="Our webhook endpoints",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
)
async def list_webhooks(
    principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> EndpointList:
    """Without secrets; with what is stuck."""
    rows = await webhooks.endpoints_of(principal.id)
    stuck = await webhooks.stuck_of([row.id for row in rows], now=now)
    return EndpointList(items=[EndpointView.of(row, stuck.get(row.id)) for row in rows])


@patch(
    "/v1/partner/webhooks/{endpoint_id:uuid}",
    operation_id="changeWebhook",
    summary="Another address, or a pause",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
    responses=problems(WebhookNotFound, UrlNotAllowed),
)
async def change_webhook(
    request: MotcuaRequest,
    endpoint_id: FromPath[uuid.UUID],
    data: JSONBody[EndpointChange],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[EndpointView]:
    """What is left out stays; a removed endpoint does not come back."""
    row = await webhooks.change(
        partner_id=principal.id,
        endpoint_id=endpoint_id,
        url=data.url,
        state=data.state,
        egress=_egress(request),
        now=now,
    )
    return Response(EndpointView.of(row), headers={"ETag": etag(row.version)})


@delete(
    "/v1/partner/webhooks/{endpoint_id:uuid}",
    operation_id="removeWebhook",
    summary="Remove a webhook endpoint",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
    responses=problems(WebhookNotFound),
)
async def remove_webhook(
    endpoint_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """What was delivered stays readable."""
    await webhooks.remove(partner_id=principal.id, endpoint_id=endpoint_id, now=now)


@post(
    "/v1/partner/webhooks/{endpoint_id:uuid}/rotate-secret",
    operation_id="rotateWebhookSecret",
    summary="A new secret; both sign for 24 hours",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
    status_code=200,
    responses=problems(WebhookNotFound),
)
async def rotate_secret(
    endpoint_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[EndpointView]:
    """The answer holds the new secret, once."""
    return await once(
        EndpointView.with_secret,
        webhooks.rotate(partner_id=principal.id, endpoint_id=endpoint_id, now=now),
    )


@post(
    "/v1/partner/webhooks/{endpoint_id:uuid}/replay",
    operation_id="replayWebhook",
    summary="Tell events again",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
    status_code=202,
    responses=problems(WebhookNotFound, EventNotFound, WebhookNotActive, ReplayNotValid),
)
async def replay(
    endpoint_id: FromPath[uuid.UUID],
    data: JSONBody[ReplayRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ReplayView]:
    """In the order of the feed, also what was delivered before; the ids are the same."""
    return await once(
        lambda made: ReplayView(*made),
        pushing.ask_replay(
            partner_id=principal.id,
            endpoint_id=endpoint_id,
            event_ids=data.event_ids,
            start=data.from_,
            end=data.to,
            now=now,
        ),
        status=202,
    )


@post(
    "/v1/partner/webhooks/{endpoint_id:uuid}/skip",
    operation_id="skipWebhookEvent",
    summary="Pass an event over that the endpoint does not take",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
    status_code=204,
    responses=problems(WebhookNotFound, EventNotFound, WebhookNotActive),
)
async def skip_event(
    endpoint_id: FromPath[uuid.UUID],
    data: JSONBody[SkipRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """What waits behind it goes out; the event stays in the feed."""
    await pushing.skip(partner_id=principal.id, endpoint_id=endpoint_id, event_id=data.event_id, now=now)


@get(
    "/v1/partner/webhooks/{endpoint_id:uuid}/deliveries",
    operation_id="listDeliveries",
    summary="Attempts to one endpoint",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=MANAGE),
    responses=problems(WebhookNotFound),
)
async def list_deliveries(
    endpoint_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveryList:
    """Newest first."""
    rows = await webhooks.deliveries_of(
        principal.id, endpoint_id, before=position_of(cursor, uuid.UUID), limit=limit
    )
    return DeliveryList(
        items=[DeliveryView.of(row) for row in rows],
        next_cursor=cursor_of(rows[-1].id) if len(rows) == limit else None,
    )


@get(
    "/v1/partner/changes",
    operation_id="listChanges",
    summary="The feed: the same events by polling",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=READ),
)
async def list_changes(
    principal: NamedDependency[Principal], after: After = 0, limit: Limit = 100
) -> ChangeList:
    """In order, without gaps: after `n` nothing up to `n` will ever appear."""
    events = await feed.after(principal.id, after, limit=limit)
    return ChangeList(
        items=[ChangeView(seq=event.seq, event=msgspec.Raw(event.body.encode())) for event in events],
        next=events[-1].seq if events else after,
    )


webhook_handlers: Final[list[Any]] = [
    register_webhook,
    list_webhooks,
    remove_webhook,
    change_webhook,
    rotate_secret,
    replay,
    skip_event,
    list_deliveries,
    list_changes,
]
