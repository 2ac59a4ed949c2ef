"""The queue over HTTP, a file per audience."""

from typing import Final

from litestar import Router

from app.queue.api.advice import advice_handlers
from app.queue.api.boards import board_handlers
from app.queue.api.devices import device_handlers
from app.queue.api.hall_devices import hall_device_handlers
from app.queue.api.lists import list_handlers
from app.queue.api.periods import period_handlers
from app.queue.api.returns import return_handlers
from app.queue.api.roster import roster_handlers
from app.queue.api.staff import staff_handlers

queue_router: Final = Router(
    path="/",
    route_handlers=[
        *advice_handlers,
        *board_handlers,
        *device_handlers,
        *hall_device_handlers,
        *list_handlers,
        *period_handlers,
        *return_handlers,
        *roster_handlers,
        *staff_handlers,
    ],
)
