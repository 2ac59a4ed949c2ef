"""What can be done about identities, a file per way of signing in."""

from app.identity.operations.codes import request_code, verify_code
from app.identity.operations.credentials import (
    enrol_device,
    enrol_officer,
    register_partner_client,
)
from app.identity.operations.devices import (
    enrol_by_code,
    invite_device,
    revoke_device,
    sign_in_device,
)
from app.identity.operations.officers import sign_in_officer
from app.identity.operations.partners import sign_in_partner
from app.identity.operations.sessions import end_sign_in, refresh

__all__ = [
    "end_sign_in",
    "enrol_by_code",
    "enrol_device",
    "enrol_officer",
    "invite_device",
    "refresh",
    "register_partner_client",
    "request_code",
    "revoke_device",
    "sign_in_device",
    "sign_in_officer",
    "sign_in_partner",
    "verify_code",
]
