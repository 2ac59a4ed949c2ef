"""What is stored about identities. Secrets are kept as keyed digests or sealed, never in clear."""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    Boolean,
    Bytea,
    ForeignKey,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class PhoneAccount(Table, db=DB, tablename="phone_account"):
    """A citizen's account, reached by one phone or none. The phone is a contact; the id is the identity."""

    id = UUID(primary_key=True, default=None)
    phone = Text(null=True, default=None, unique=True)
    created_at = Timestamptz(null=False, default=None)


class OtpChallenge(Table, db=DB, tablename="otp_challenge"):
    """A code that was asked for; `code_sealed` lives until the message has been written."""

    id = UUID(primary_key=True, default=None)
    phone = Text(null=False, default=None)
    purpose = Text(null=False, default=None)
    locale = Text(null=False, default=None)
    address = Bytea(null=False, default=None)
    code_digest = Bytea(null=False, default=None)
    code_sealed = Bytea(null=True, default=None)
    sent = Boolean(null=False, default=None)
    attempts = SmallInt(null=False, default=0)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    used_at = Timestamptz(null=True, default=None)


class OfficerCredential(Table, db=DB, tablename="officer_credential"):
    """How an officer (cán bộ một cửa) signs in, where, and as what."""

    officer_id = UUID(primary_key=True, default=None)
    username = Text(null=False, default=None, unique=True)
    password_hash = Text(null=False, default=None, secret=True)
    centre_id = UUID(null=False, default=None)
    roles = Array(base_column=Text(), null=False, default=None)
    totp_sealed = Bytea(null=True, default=None)
    disabled = Boolean(null=False, default=False)
    created_at = Timestamptz(null=False, default=None)


class SignInFailure(Table, db=DB, tablename="sign_in_failure"):
    """A wrong password, counted per name whether the name exists or not."""

    id = UUID(primary_key=True, default=None)
    username = Text(null=False, default=None)
    at = Timestamptz(null=False, default=None)


class DeviceCredential(Table, db=DB, tablename="device_credential"):
    """A kiosk or a hall board; `label` is what the centre calls it."""

    device_id = UUID(primary_key=True, default=None)
    kind = Text(null=False, default=None)
    label = Text(null=False, default="")
    centre_id = UUID(null=False, default=None)
    key_digest = Bytea(null=False, default=None)
    revoked = Boolean(null=False, default=False)
    created_at = Timestamptz(null=False, default=None)


class DeviceEnrolment(Table, db=DB, tablename="device_enrolment"):
    """A code that a device may exchange for its key, once; the id is the device's from then on."""

    device_id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    kind = Text(null=False, default=None)
    label = Text(null=False, default=None)
    code_digest = Bytea(null=False, default=None)
    created_by = UUID(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    used_at = Timestamptz(null=True, default=None)


class PartnerClient(Table, db=DB, tablename="partner_client"):
    """An OAuth client of a courier partner (doanh nghiệp bưu chính)."""

    client_id = Text(primary_key=True, default=None)
    partner_id = UUID(null=False, default=None)
    secret_digest = Bytea(null=True, default=None)
    jwks = JSONB(null=False, default=None)
    scopes = Array(base_column=Text(), null=False, default=None)
    sandbox = Boolean(null=False, default=None)
    disabled = Boolean(null=False, default=False)
    created_at = Timestamptz(null=False, default=None)


class SignIn(Table, db=DB, tablename="sign_in"):
    """One session of one principal; ending it ends its tokens within thirty seconds."""

    id = UUID(primary_key=True, default=None)
    audience = Text(null=False, default=None)
    subject_id = UUID(null=False, default=None)
    centre_id = UUID(null=True, default=None)
    roles = Array(base_column=Text(), null=False, default=None)
    scopes = Array(base_column=Text(), null=False, default=None)
    cookie_digest = Bytea(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Text(null=False, default="")


class RefreshToken(Table, db=DB, tablename="refresh_token"):
    """One link of a family of refresh tokens."""

    digest = Bytea(primary_key=True, default=None)
    sign_in_id = ForeignKey(SignIn, null=False, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(null=False, default=None)
    used_at = Timestamptz(null=True, default=None)


class ClientAssertion(Table, db=DB, tablename="client_assertion"):
    """A partner's assertion that was used; its `jti` is not accepted again (RFC 7523)."""

    client_id = Text(primary_key=True, default=None)
    jti = Text(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
