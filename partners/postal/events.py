"""What happens at this edge and is worked on later."""

import uuid
from typing import ClassVar

from app.core.outbox import Fact


class WebhookReplayAsked(Fact, frozen=True, kw_only=True):
    """One event is to be told to one endpoint again; those of an endpoint go out in order."""

    kind: ClassVar[str] = "webhook_endpoint.replay_asked"
    subject_field: ClassVar[str] = "endpoint_id"

    endpoint_id: uuid.UUID
    event_id: uuid.UUID
    replay_id: uuid.UUID
