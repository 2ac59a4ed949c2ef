"""Access tokens: ES256 JWT of ten minutes (RFC 7519, RFC 8725, RFC 9068).

A token names an audience, a subject, a sign-in and its roles; never a name, phone or number. It is
revoked by its sign-in, not by its text: an ECDSA signature has a twin that verifies as well.
"""

import base64
import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.ids import new_id
from app.http.principals import Audience, Caller, Principal

ALGORITHM: Final = "ES256"
ISSUER: Final = "motcua"
LIFETIME: Final = timedelta(minutes=10)
LEEWAY_S: Final = 30
TYPE: Final = "at+jwt"
JWS: Final = jwt.PyJWS()
# Longer than any of ours.
LONGEST: Final = 4096
REMEMBERED_AT_MOST: Final = 50_000


@dataclass(frozen=True)
class SigningKey:
    """One key pair, named by its `kid`."""

    kid: str
    private: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls(kid=str(new_id()), private=ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, kid: str, pem: str) -> "SigningKey":
        private = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("The signing key must be an EC P-256 key.")
        return cls(kid=kid, private=private)

    def to_pem(self) -> str:
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def public_jwk(self) -> dict[str, Any]:
        jwk: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return jwk | {"kid": self.kid, "alg": ALGORITHM, "use": "sig"}


class Tokens:
    """Signs with the first key, accepts all of them (publish, sign, retire)."""

    def __init__(self, keys: Mapping[str, SigningKey], *, clock: Callable[[], float] = time.time) -> None:
        if not keys:
            raise ValueError("At least one signing key is needed.")
        self._keys = dict(keys)
        self._clock = clock
        self._public = {kid: key.private.public_key() for kid, key in keys.items()}
        self._signing = next(iter(self._keys.values()))
        # By digest: a list of tokens is worth stealing, a list of digests is not.
        self._verified: dict[bytes, _Verified] = {}

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.public_jwk() for key in self._keys.values()]}

    def issue(self, principal: Principal, *, now: datetime) -> str:
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": principal.audience.value,
            "sub": str(principal.id),
            "sid": str(principal.sign_in_id),
            "jti": str(new_id()),
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "roles": sorted(principal.callers),
            "scope": " ".join(sorted(principal.scopes)),
        }
        if principal.centre_id is not None:
            claims["ctx"] = str(principal.centre_id)
        return jwt.encode(
            claims,
            self._signing.private,
            algorithm=ALGORITHM,
            headers={"kid": self._signing.kid, "typ": TYPE},
        )

    def read(self, token: str) -> Principal | None:
        """The principal a token stands for, or None for anything that is not wholly in order.

        The signature of a text is verified once: it cannot become false. Its time is looked at every time.
        """
        try:
            digest = hashlib.sha256(token.encode("ascii")).digest()
            verified = self._verified.get(digest)
            if verified is None:
                verified = _Verified.of(self._claims(token))
        except (jwt.PyJWTError, KeyError, TypeError, msgspec.MsgspecError, ValueError):
            return None
        if not verified.is_valid(self._clock()):
            self._verified.pop(digest, None)
            return None
        if len(self._verified) >= REMEMBERED_AT_MOST:
            self._verified.clear()
        self._verified[digest] = verified
        return verified.principal

    def _claims(self, token: str) -> "_Claims":
        """What a key of ours has signed. The header only says which key; it is as strict as the claims."""
        if len(token) > LONGEST:
            raise ValueError
        head = token.partition(".")[0].encode()
        header = msgspec.json.decode(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)), type=_Header)
        if header.typ != TYPE:
            raise ValueError
        signed = JWS.decode(token, self._public[header.kid], algorithms=[ALGORITHM])
        return msgspec.json.decode(signed, type=_Claims)


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`crit`, `b64`, `jku`, `jwk` and the like are not for us to understand: they are refused."""

    alg: str
    typ: str
    kid: str


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What we put into a token."""

    iss: Literal["motcua"]
    aud: Audience
    sub: uuid.UUID
    sid: uuid.UUID
    jti: str
    iat: int
    exp: int
    nbf: int = 0
    roles: frozenset[Caller]
    scope: str
    ctx: uuid.UUID | None = None


class _Verified(NamedTuple):
    """A principal, and from when until when."""

    principal: Principal
    not_before: int
    expires: int

    @classmethod
    def of(cls, claims: _Claims) -> "_Verified":
        principal = Principal(
            audience=claims.aud,
            id=claims.sub,
            sign_in_id=claims.sid,
            callers=claims.roles,
            centre_id=claims.ctx,
            scopes=frozenset(claims.scope.split()),
        )
        return cls(principal, max(claims.iat, claims.nbf), claims.exp)

    def is_valid(self, moment: float) -> bool:
        return self.not_before - LEEWAY_S <= moment < self.expires + LEEWAY_S
