"""Wordings over HTTP: what is said, how a new text would look, publishing it or an older one again."""

from datetime import datetime
from typing import Final

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.errors import PreconditionFailed
from app.http.access import open_to
from app.http.lists import answer
from app.http.once import IdempotencyKeyRequired, Once
from app.http.principals import Caller, Principal
from app.http.problems import PreconditionRequired, problems
from app.http.requests import MotcuaRequest, language_of
from app.http.versions import etag
from app.settings import Settings
from notifications.holds import paused_templates
from notifications.templates import TEMPLATES
from notifications.wordings import operations, rules, versions
from notifications.wordings.errors import MessageTemplateNotFound, WordingNotValid
from notifications.wordings.operations import Draft
from notifications.wordings.views import (
    MessageTemplateList,
    MessageTemplateView,
    PreviewRequest,
    PublishAgainRequest,
    PublishRequest,
    WordingPreview,
    WordingVersion,
)

NOT_PUBLISHED: Final = problems(
    MessageTemplateNotFound,
    WordingNotValid,
    PreconditionFailed,
    PreconditionRequired,
    IdempotencyKeyRequired,
)


@get(
    "/v1/staff/message-templates",
    operation_id="listMessageTemplates",
    summary="What messages say",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR, Caller.MONITOR, Caller.CENTRE_LEADER),
)
async def list_templates(request: MotcuaRequest) -> Response[MessageTemplateList]:
    """Every template with all versions of its wording, newest first."""
    kept, paused = await versions.histories(), await paused_templates()
    views = [
        MessageTemplateView.of(template, kept[code], paused=code in paused)
        for code, template in sorted(TEMPLATES.items())
    ]
    return answer(request, MessageTemplateList(views))


@get(
    "/v1/staff/message-templates/{key:str}",
    operation_id="getMessageTemplate",
    summary="What one message says",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR, Caller.MONITOR, Caller.CENTRE_LEADER),
    responses=problems(MessageTemplateNotFound),
)
async def get_template(key: FromPath[str]) -> Response[MessageTemplateView]:
    """The version in force is the ETag."""
    template = operations.known(key)
    view = MessageTemplateView.of(
        template, await versions.history(template), paused=key in await paused_templates()
    )
    return Response(view, headers={"ETag": etag(view.version)})


@post(
    "/v1/staff/message-templates/preview",
    operation_id="previewMessageTemplate",
    summary="How a text would look, and what it would cost",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR, Caller.MONITOR),
    status_code=200,
    responses=problems(MessageTemplateNotFound),
)
async def preview(request: MotcuaRequest, data: JSONBody[PreviewRequest]) -> WordingPreview:
    """For an editor while they type: changes nothing, and tells what is wrong instead of refusing."""
    template = operations.known(data.key)
    text = rules.tidied(data.text)
    current = versions.in_force(template, await versions.history(template)).text(data.locale)
    return WordingPreview.of(
        rules.looks(template, text, data.values),
        in_force=rules.looks(template, current, {}).longest.segments,
        faults=rules.faults(template, text, hosts=_hosts(request)),
        value_faults=rules.value_faults(template, data.values),
        language=language_of(request),
    )


@post(
    "/v1/staff/message-templates/{key:str}/versions",
    operation_id="publishMessageTemplate",
    summary="Say it in other words from now on",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR),
    status_code=201,
    responses=NOT_PUBLISHED,
)
async def publish(
    request: MotcuaRequest,
    key: FromPath[str],
    data: JSONBody[PublishRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[WordingVersion]:
    """Messages owed before keep their words. The words in force again change nothing."""
    return await once_required(
        WordingVersion.of,
        operations.publish(
            code=key,
            draft=Draft(data.vi, data.en, data.note),
            hosts=_hosts(request),
            expected_version=expected_version,
            language=language_of(request),
            officer_id=principal.id,
            now=now,
        ),
        status=201,
        etag=lambda row: etag(row.version),
    )


@post(
    "/v1/staff/message-templates/{key:str}/versions/{version:int}/publish",
    operation_id="publishMessageTemplateAgain",
    summary="Say it in the words of an older version again",
    tags=["staff"],
    opt=open_to(Caller.MESSAGE_EDITOR),
    status_code=201,
    responses=NOT_PUBLISHED,
)
async def publish_again(
    request: MotcuaRequest,
    key: FromPath[str],
    version: FromPath[int],
    data: JSONBody[PublishAgainRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[WordingVersion]:
    """A new version with the older text; it is looked at like any other."""
    return await once_required(
        WordingVersion.of,
        operations.publish_again(
            code=key,
            version=version,
            note=data.note,
            hosts=_hosts(request),
            expected_version=expected_version,
            language=language_of(request),
            officer_id=principal.id,
            now=now,
        ),
        status=201,
        etag=lambda row: etag(row.version),
    )


def _hosts(request: MotcuaRequest) -> frozenset[str]:
    settings: Settings = request.app.state.settings
    return settings.link_hosts


wordings_router: Final = Router(
    path="/", route_handlers=[list_templates, get_template, preview, publish, publish_again]
)
