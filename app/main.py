"""The HTTP process: one application, made by `create_app` from settings and keys.

This module wires; it decides nothing. Concepts bring their routers, the web toolkit brings the rules
every request meets.
"""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from litestar import Litestar, Router
from litestar.config.response_cache import ResponseCacheConfig
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from app.appointments import figures as place_figures
from app.appointments.api import appointments_router
from app.audit import figures as audit_figures
from app.businesses.api import businesses_router
from app.calendar.api import calendar_router
from app.centres.api import centres_router
from app.centres.units_api import units_router
from app.citizens.addresses_api import addresses_router
from app.citizens.counter_api import counter_choices_router
from app.citizens.me_api import me_router
from app.core import database_time, outbox_figures, sandbox, schedule_figures, tracing
from app.core import keys as core_keys
from app.core.clock import current_time, machine_time
from app.core.database import DB
from app.core.wakeups import WAKEUPS
from app.documents import signing
from app.documents import store as document_store
from app.documents.api import documents_router
from app.documents.own_api import own_documents_router
from app.documents.own_uploads_api import own_uploads_router
from app.dossiers import registries as dossier_registries
from app.dossiers.api import dossiers_router
from app.dossiers.apology_api import apology_router
from app.dossiers.due_api import due_dossiers_router
from app.dossiers.moves_api import dossier_moves_router
from app.dossiers.residence_api import residence_router
from app.dossiers.reuse_api import reuse_router
from app.dossiers.trays_api import dossier_trays_router
from app.forms.api import forms_router
from app.home_service.api import home_service_router
from app.home_service.areas_api import areas_router
from app.home_service.incidents_api import incidents_router
from app.home_service.money_api import money_router
from app.home_service.packages_api import packages_router
from app.home_service.planning_rules_api import planning_rules_router
from app.http.access import Door, provide_principal
from app.http.body import MAX_BYTES
from app.http.figures import Measured
from app.http.health import health_router
from app.http.in_turn import InTurn
from app.http.limits import Buckets
from app.http.livemode import SandboxTime, say_livemode
from app.http.once import provide_once, provide_once_required
from app.http.openapi import CONFIG, contract_router
from app.http.problems import HANDLERS
from app.http.requests import MotcuaRequest
from app.http.tokens import SigningKey, Tokens
from app.http.tracing import Traced
from app.http.versions import provide_expected_version
from app.identity.api import identity_router
from app.identity.gatekeeper import SignInGatekeeper
from app.monitoring.api import monitoring_router
from app.monitoring.by_unit import by_unit_router
from app.monitoring.intake import intake_router
from app.monitoring.reuse import reuse_figures_router
from app.pages.router import pages_router
from app.pages.wordings import Wordings
from app.payments.counter_api import counter_fees_router
from app.procedures.api import procedures_router
from app.queue import figures as hall_figures
from app.queue.api import queue_router
from app.satisfaction.api import satisfaction_router
from app.settings import Settings
from app.staff.api import staff_router
from app.tracking.api import tracking_router
from notifications import figures as message_figures
from notifications.api import notifications_router
from notifications.brandname.api import brandname_router
from notifications.costs_api import costs_router
from notifications.holds_api import holds_router
from notifications.mail.api import mail_router
from notifications.push.api import push_router
from notifications.wordings.api import wordings_router
from notifications.wordings.desk import EditorsDesk
from notifications.zalo.api import zalo_router
from partners.portal import figures as portal_figures
from partners.postal import figures as partner_figures
from partners.postal.api import partner_router
from partners.postal.api.sandbox import sandbox_router
from partners.registries import figures as registry_figures
from partners.registries.api import registries_router
from partners.registries.papers import open_paper_stores

ROUTERS: Final[Sequence[ControllerRouterHandler]] = (
    health_router,
    contract_router,
    identity_router,
    me_router,
    counter_choices_router,
    businesses_router,
    addresses_router,
    centres_router,
    units_router,
    procedures_router,
    staff_router,
    appointments_router,
    queue_router,
    documents_router,
    own_documents_router,
    own_uploads_router,
    dossiers_router,
    registries_router,
    dossier_moves_router,
    due_dossiers_router,
    apology_router,
    residence_router,
    dossier_trays_router,
    reuse_router,
    forms_router,
    home_service_router,
    money_router,
    counter_fees_router,
    incidents_router,
    areas_router,
    planning_rules_router,
    packages_router,
    calendar_router,
    tracking_router,
    satisfaction_router,
    monitoring_router,
    reuse_figures_router,
    intake_router,
    by_unit_router,
    partner_router,
    pages_router,
    notifications_router,
    wordings_router,
    holds_router,
    mail_router,
    brandname_router,
    zalo_router,
    push_router,
    costs_router,
)


async def provide_now() -> datetime:
    """The moment of the request, UTC."""
    return current_time()


def _of_a_sandbox(settings: Settings) -> Sequence[ControllerRouterHandler]:
    """What exists there only; anywhere else these paths are nothing."""
    return [sandbox_router] if settings.sandbox else []


def create_app(
    settings: Settings,
    *,
    database_url: str,
    redis_url: str,
    routers: Sequence[ControllerRouterHandler] = ROUTERS,
) -> Litestar:
    """The application, ready to be served or driven by a test; opens its stores in its lifespan."""
    tokens = Tokens({kid: SigningKey.from_pem(kid, pem) for kid, pem in core_keys.keys().signing.items()})

    @asynccontextmanager
    async def stores(_app: Litestar) -> AsyncIterator[None]:
        await DB.open(database_url)
        await sandbox.claim_database()
        await WAKEUPS.open(redis_url)
        document_store.open_store(settings.documents_url)
        signing.install(signing.SigningKeys(settings.signing_keys, passphrase=settings.signing_passphrase))
        try:
            async with database_time.followed(), open_paper_stores(settings) as paper_stores:
                dossier_registries.plug(*paper_stores)
                yield
        finally:
            await WAKEUPS.close()
            await DB.close()
            tracing.close()

    app = Litestar(
        route_handlers=[Router(path="/", route_handlers=[*routers, *_of_a_sandbox(settings)])],
        lifespan=[stores],
        middleware=[Door, SandboxTime] if settings.sandbox else [Door],
        before_send=[say_livemode],
        plugins=[InTurn()],
        request_class=MotcuaRequest,
        dependencies={
            "now": Provide(provide_now),
            "principal": Provide(provide_principal),
            "once": Provide(provide_once),
            "once_required": Provide(provide_once_required),
            "expected_version": Provide(provide_expected_version),
        },
        exception_handlers=HANDLERS,
        request_max_body_size=MAX_BYTES,
        response_cache_config=ResponseCacheConfig(default_expiration=None),
        openapi_config=CONFIG,
        logging_config=None,
        signature_types=[MotcuaRequest],
    )
    app.state.settings = settings
    app.state.tokens = tokens
    app.state.clock = machine_time
    app.state.partner_buckets = Buckets(settings.partner_requests_per_minute)
    app.state.figures = [
        outbox_figures.refresh,
        schedule_figures.refresh,
        place_figures.refresh,
        hall_figures.refresh,
        audit_figures.refresh,
        message_figures.refresh,
        partner_figures.refresh,
        *([portal_figures.refresh] if settings.portal else []),
        *([registry_figures.refresh] if settings.registries else []),
    ]
    app.state.gatekeeper = SignInGatekeeper(tokens)
    wordings: Wordings = EditorsDesk(settings.link_hosts)
    app.state.wordings = wordings
    return app


def serve_factory() -> Any:
    """What the server process calls: settings from the environment, keys from their file."""
    from app.entrance import open_entrance

    entrance = open_entrance()
    app = create_app(
        entrance.settings,
        database_url=entrance.database_url,
        redis_url=entrance.redis_url,
    )
    # What is here now stays for the life of the process; the collector need not look at it again.
    gc.collect()
    gc.freeze()
    served: Any = Measured(app)
    return served if entrance.settings.traces_url is None else Traced(served)
