"""Signing in as a partner: OAuth 2.0 client credentials (RFC 6749 4.4) with a signed assertion."""

import hmac
from datetime import UTC, datetime
from typing import Any, Final

import jwt
import msgspec

from app.core.database import in_transaction
from app.core.operation import operation
from app.http.principals import Audience, Caller
from app.identity import rules
from app.identity.steps import Session, begin_sign_in, digest

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ["ES256", "EdDSA"]


class OauthError(Exception):
    """RFC 6749 5.2: `invalid_client`, `invalid_scope`, `invalid_request`, `unsupported_grant_type`."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@operation
async def sign_in_partner(
    *,
    client_id: str,
    secret: str | None,
    assertion: str | None,
    scope: str,
    audience: str,
    now: datetime,
) -> Session:
    """A partner token of ten minutes without a refresh token. `audience` is our token endpoint."""
    row = await in_transaction().fetchrow(
        "SELECT * FROM partner_client WHERE client_id = $1 AND NOT disabled", client_id
    )
    if row is None:
        raise OauthError("invalid_client")
    if assertion is not None:
        await _check_assertion(row, assertion, audience)
    elif secret is None or not _secret_is_right(row, secret):
        raise OauthError("invalid_client")
    granted = frozenset(row["scopes"])
    asked = frozenset(scope.split()) or granted
    if not asked <= granted:
        raise OauthError("invalid_scope")
    return await begin_sign_in(
        audience=Audience.PARTNER,
        subject_id=row["partner_id"],
        callers=frozenset({Caller.PARTNER}),
        scopes=asked,
        now=now,
        lasting=rules.PARTNER_SIGN_IN,
        refreshable=False,
    )


def _secret_is_right(row: Any, secret: str) -> bool:
    stored = row["secret_digest"]
    return stored is not None and hmac.compare_digest(stored, digest(secret))


async def _check_assertion(row: Any, assertion: str, audience: str) -> None:
    """RFC 7523: issuer and subject are the client, the audience is us, and a `jti` works once."""
    try:
        header = jwt.get_unverified_header(assertion)
        keys = jwt.PyJWKSet.from_dict(msgspec.json.decode(row["jwks"])).keys
        key = next(key for key in keys if key.key_id == header.get("kid"))
        claims = jwt.decode(
            assertion,
            key.key,
            algorithms=[key.algorithm_name] if key.algorithm_name in ALGORITHMS else [],
            audience=audience,
            issuer=row["client_id"],
            subject=row["client_id"],
            options={"require": ["exp", "iat", "iss", "sub", "aud", "jti"], "strict_aud": True},
        )
        expires = datetime.fromtimestamp(int(claims["exp"]), UTC)
        too_long = int(claims["exp"]) - int(claims["iat"]) > rules.ASSERTION_LIFETIME.seconds
    except (jwt.PyJWTError, StopIteration, TypeError, ValueError, OverflowError) as reason:
        raise OauthError("invalid_client") from reason
    if too_long:
        raise OauthError("invalid_client")
    used = await in_transaction().execute(
        "INSERT INTO client_assertion (client_id, jti, expires_at) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        row["client_id"],
        str(claims["jti"])[:200],
        expires,
    )
    if used == "INSERT 0 0":
        raise OauthError("invalid_client")
