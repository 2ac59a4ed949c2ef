"""Identifiers: UUIDv7 (RFC 9562), made here because PostgreSQL 15–17 cannot make them."""

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A UUIDv7: sortable by creation time, so indexes grow at their end."""
    return uuid_utils.compat.uuid7()
