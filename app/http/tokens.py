"""Access tokens: ES256 JWT of ten minutes (RFC 7519, RFC 8725, RFC 9068).

A token names an audience, a subject, a sign-in and its roles; never a name, phone or number. It is
revoked by its sign-in, not by its text: an ECDSA signature has a twin that verifies as well.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.ids import new_id
from app.http.principals import Audience, Caller, Principal

ALGORITHM: Final = "ES256"
ISSUER: Final = "motcua"
LIFETIME: Final = timedelta(minutes=10)
LEEWAY_S: Final = 30
REQUIRED: Final = ["exp", "iat", "iss", "aud", "sub", "jti", "sid"]


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

    def __init__(self, keys: Mapping[str, SigningKey]) -> None:
        if not keys:
            raise ValueError("At least one signing key is needed.")
        self._keys = dict(keys)
        self._public = {kid: key.private.public_key() for kid, key in keys.items()}
        self._signing = next(iter(self._keys.values()))

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
            headers={"kid": self._signing.kid, "typ": "at+jwt"},
        )

    def read(self, token: str) -> Principal | None:
        """The principal a token stands for, or None for anything that is not wholly in order."""
        try:
            header = jwt.get_unverified_header(token)
            audience = Audience(_unverified_audience(token))
            if header.get("typ") != "at+jwt":
                return None
            claims = jwt.decode(
                token,
                self._public[header["kid"]],
                algorithms=[ALGORITHM],
                audience=audience.value,
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": REQUIRED, "strict_aud": True},
            )
            return Principal(
                audience=audience,
                id=uuid.UUID(claims["sub"]),
                sign_in_id=uuid.UUID(claims["sid"]),
                callers=frozenset(Caller(role) for role in claims["roles"]),
                centre_id=uuid.UUID(claims["ctx"]) if "ctx" in claims else None,
                scopes=frozenset(str(claims["scope"]).split()),
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError):
            return None


def _unverified_audience(token: str) -> str:
    """Which API the token says it is for; verified right after, with the key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return str(claims["aud"])
