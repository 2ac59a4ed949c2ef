"""Whom to tell: what a message needs to know of a person, and nothing more."""

from typing import NamedTuple


class Contact(NamedTuple):
    """A person as a message reaches them: E.164 phone, language vi or en."""

    name: str
    phone: str
    locale: str
