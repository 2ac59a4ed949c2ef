"""Short texts signed with the installation's key (pure): JSON Web Signatures (RFC 7515, ES256).

Whoever keeps one outside needs none of our code to check it.
"""

import base64
from typing import Final

import jwt

from app.core.canonical import canonical
from app.http.tokens import ALGORITHM, SigningKey

ES256: Final = jwt.PyJWS().get_algorithm_by_name(ALGORITHM)


def sign(kind: str, body: str, key: SigningKey) -> bytes:
    """The signature over header and body; `kind` is the header's `typ`."""
    return bytes(ES256.sign(_signed_text(kind, key.kid, body).encode(), key.private))


def is_signed(kind: str, body: str, signature: bytes, key: SigningKey) -> bool:
    signed = _signed_text(kind, key.kid, body).encode()
    return bool(ES256.verify(signed, key.private.public_key(), signature))


def printed(kind: str, kid: str, body: str, signature: bytes) -> str:
    """header.payload.signature"""
    return f"{_signed_text(kind, kid, body)}.{_packed(signature)}"


def kind_of(text: str) -> str:
    """The `typ` of a printed one; empty where it cannot be read."""
    try:
        return str(jwt.get_unverified_header(text.strip()).get("typ", ""))
    except jwt.PyJWTError:
        return ""


def _signed_text(kind: str, kid: str, body: str) -> str:
    header = canonical({"alg": ALGORITHM, "kid": kid, "typ": kind})
    return f"{_packed(header)}.{_packed(body.encode())}"


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
