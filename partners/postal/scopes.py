"""What a partner's token may do; granted per client, named in OpenAPI."""

from typing import Final

VISITS_READ: Final = "visits:read"
VISITS_WRITE: Final = "visits:write"
COURIERS_WRITE: Final = "couriers:write"
CUSTODY_WRITE: Final = "custody:write"
DOCUMENTS_WRITE: Final = "documents:write"
SETTLEMENTS_READ: Final = "settlements:read"
SETTLEMENTS_WRITE: Final = "settlements:write"
WEBHOOK_MANAGE: Final = "webhook:manage"
