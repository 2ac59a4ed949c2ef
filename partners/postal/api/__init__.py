"""The partner API, a file per thing a postal IT department does with us."""

from typing import Final

from litestar import Router

from app.http.limits import PartnerLimit
from partners.postal.api.callbacks import callback_handlers
from partners.postal.api.contracts import contract_handlers
from partners.postal.api.couriers import courier_handlers
from partners.postal.api.dispatch import dispatch_handlers
from partners.postal.api.documents import document_handlers
from partners.postal.api.events import event_handlers
from partners.postal.api.item_numbers import item_number_handlers
from partners.postal.api.packages import package_handlers
from partners.postal.api.receipt_books import receipt_book_handlers
from partners.postal.api.settlements import settlement_handlers
from partners.postal.api.tasks import task_handlers
from partners.postal.api.trouble import trouble_handlers
from partners.postal.api.webhooks import webhook_handlers

partner_router: Final = Router(
    path="/",
    route_handlers=[
        *courier_handlers,
        *task_handlers,
        *trouble_handlers,
        *event_handlers,
        *package_handlers,
        *document_handlers,
        *settlement_handlers,
        *receipt_book_handlers,
        *webhook_handlers,
        *callback_handlers,
        *contract_handlers,
        *item_number_handlers,
        *dispatch_handlers,
    ],
    middleware=[PartnerLimit],
)
