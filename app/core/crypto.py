"""Encryption of single fields, and finding them again.

AES-256-GCM with the field's place (table, column, row) as associated data: a ciphertext moved to another
row does not open. Finding needs a keyed index: an unkeyed hash of a personal number is reversed in hours.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = 1
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
HEADER_BYTES: Final = 2
KEY_BYTES: Final = 32
INDEX_BYTES: Final = 16


class DecryptionFailed(ValueError):
    """The blob was changed, moved, or sealed with a key that is not here."""

    code = "decryption_failed"


class Secret(str):
    """A string that does not show itself in a repr: of itself, of a settings object, in a traceback.

    Formatting it (`f"{secret}"`, JSON) gives the value, because that is how a client sends it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')"


class Keyring:
    """Keys by number (1–255): the highest encrypts, all decrypt. Keys are 32 bytes."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        if not keys:
            raise ValueError("At least one key is needed.")
        if any(not 1 <= number <= 255 for number in keys):
            raise ValueError("Key numbers lie between 1 and 255.")
        # AESGCM would take a shorter key and quietly be AES-128.
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("A key has 32 bytes.")
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._newest = max(keys)

    def encrypt(self, plain: bytes, *, place: str) -> bytes:
        """`version | key number | nonce | ciphertext | tag`, opening only at `place`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plain, place.encode())
        return bytes((VERSION, self._newest)) + nonce + sealed

    def decrypt(self, blob: bytes, *, place: str) -> bytes:
        """What was sealed at this place; raises `DecryptionFailed`."""
        if len(blob) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES or blob[0] != VERSION:
            raise DecryptionFailed("not a sealed field")
        cipher = self._ciphers.get(blob[1])
        if cipher is None:
            raise DecryptionFailed("the key is not here")
        nonce = blob[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, blob[HEADER_BYTES + NONCE_BYTES :], place.encode())
        except InvalidTag:
            raise DecryptionFailed("changed or moved") from None


def blind_index(key: bytes, field: str, value: str) -> bytes:
    """HMAC-SHA256 of a normalised value, truncated to 16 bytes: equal values, equal index."""
    return hmac.new(key, f"{field}|{value}".encode(), hashlib.sha256).digest()[:INDEX_BYTES]
